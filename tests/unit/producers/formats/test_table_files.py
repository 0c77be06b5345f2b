"""Tables: a document for each row, its fields by the names of their columns; what is broken costs a row."""

import datetime
import decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from parts import parts

from producers.formats.part import Part, PartRefusal
from streaming.errors import BadInput

CSV = (
    'nr,headline,body,author\r\n7,The mill,"It stopped, on Monday.\r\n\r\nThe ""beam"" broke.",Ines\r\n'
    "08,,The town waits.,\r\n"
)


def put(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusals(found: list[Part | PartRefusal]) -> list[tuple[str, str]]:
    return [(part.name, part.reason) for part in found if isinstance(part, PartRefusal)]


def documents(found: list[Part | PartRefusal]) -> list[tuple[str, str | None, str]]:
    return [(part.name, part.id, part.text) for part in found if isinstance(part, Part)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_rows_are_documents_by_the_names_of_their_columns(tmp_path: Path, encoding: str, separator: str) -> None:
    # The comma within the text is quoted, whatever separates the cells.
    text = CSV.replace(",", separator).replace(f"stopped{separator} on", "stopped, on")
    path = put(tmp_path / "a.csv", text.encode(encoding))
    first, second = parts(path, keep=("author",), text="body", id="nr", title="headline")
    assert first == Part(
        'It stopped, on Monday.\r\n\r\nThe "beam" broke.', "The mill", "1", "7", metadata={"author": "Ines"}
    )
    assert second == Part("The town waits.", None, "2", "08")


def test_a_table_in_a_code_page_is_read_and_says_so(tmp_path: Path) -> None:
    words = "Die Mühle stand still, weil der Müller über die Brücke ging. "
    path = put(tmp_path / "a.csv", ("text\n" + f"{words * 4}\n" * 3).encode("cp1252"))
    assert [part.metadata for part in parts(path) if isinstance(part, Part)] == [{"encoding": "Windows-1252"}] * 3


def test_a_tsv_may_have_commas_and_one_column_is_a_table_too(tmp_path: Path) -> None:
    assert documents(parts(put(tmp_path / "a.tsv", "id\ttext\n1\tOne, two, three\n"))) == [
        ("1", "1", "One, two, three")
    ]
    assert documents(parts(put(tmp_path / "b.csv", "text\nOne\n\nTwo\n"))) == [("1", None, "One"), ("2", None, "Two")]


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "\ufeffsep=;\r\n"])
def test_the_line_in_which_a_table_names_its_separator_is_no_row(tmp_path: Path, line: str) -> None:
    path = put(tmp_path / "a.csv", f"{line}id;text\r\n1;One, two, three\r\n")
    assert documents(parts(path)) == [("1", "1", "One, two, three")]


def test_a_row_that_is_broken_is_refused_by_its_number_and_the_others_are_read(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "id,text\n1,One\n2\n3,Three,more\n4,\n5,F\0ive\n")
    found = parts(path)
    assert documents(found) == [("1", "1", "One"), ("5", "5", "Five")]
    assert refusals(found) == [
        ("2", "1 cell, and the table has 2 columns"),
        ("3", "3 cells, and the table has 2 columns"),
        ("4", "its text is empty"),
    ]


def test_a_cell_of_100_mb_costs_its_row(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w") as file:
        file.write("id,text\n1,One\n2,")
        for _ in range(100):
            file.write("x" * 1_000_000)
        file.write("\n3,Three\n")
    found = parts(tmp_path / "a.csv")
    assert documents(found) == [("1", "1", "One"), ("3", "3", "Three")]
    assert refusals(found) == [("2", "a row of more than 67,108,864 characters")]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (
            "nr,body\n1,One\n",
            "a table without a column 'text'; its columns are nr, body. Name that of the text: --field text=NAME",
        ),
        (
            "One day the mill stopped and nobody in the town could say why it had, " * 2 + "\n",
            "does not name its columns",
        ),
        ("id,text\n", "a table without a row"),
        ("", "a table without a first row"),
        ("text,text\nA,B\n", "two columns are called 'text'"),
        (bytes(range(256)) * 8, "binary"),
    ],
    ids=["other names", "no header", "no rows", "empty", "a name twice", "binary"],
)
def test_a_table_that_cannot_be_read_is_refused_by_name(tmp_path: Path, raw: str | bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        parts(put(tmp_path / "a.csv", raw))


def parquet(path: Path, rows: list[dict[str, object]], schema: pyarrow.Schema | None = None, **options: object) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), path, **options)
    return path


def test_the_rows_of_parquet_are_documents_and_their_values_text(tmp_path: Path) -> None:
    row = {
        "nr": 7,
        "body": "It stopped.",
        "made": datetime.datetime(2026, 3, 2, 10, tzinfo=datetime.timezone.utc),
        "price": decimal.Decimal("1.50"),
        "tags": ["a", "b"],
        "who": {"name": "Ines"},
        "raw": b"\xff",
    }
    path = parquet(tmp_path / "a.parquet", [row, row | {"body": None, "nr": 8}, row | {"body": " "}])
    keep = ("made", "price", "tags", "who.name")
    first, *others = parts(path, keep=keep, text="body", id="nr")
    metadata = {"made": "2026-03-02T10:00:00+00:00", "price": "1.50", "tags": '["a","b"]', "who.name": "Ines"}
    assert first == Part("It stopped.", None, "1", "7", metadata=metadata)
    assert refusals(others) == [
        ("2", "no text in 'body'; its columns are nr, body, made, price, tags, who. Name that of the text: "
         "--field text=NAME"),
        ("3", "its text is empty"),
    ]  # fmt: skip


def test_a_map_of_parquet_is_the_metadata_of_its_document(tmp_path: Path) -> None:
    pairs = pyarrow.array([[("author", "Ines")], []], pyarrow.map_(pyarrow.string(), pyarrow.string()))
    pyarrow.parquet.write_table(pyarrow.table({"text": ["One", "Two"], "metadata": pairs}), tmp_path / "a.parquet")
    found = [part.metadata for part in parts(tmp_path / "a.parquet") if isinstance(part, Part)]
    assert found == [{"author": "Ines"}, {}]


def test_two_columns_of_parquet_with_one_name_leave_doubt(tmp_path: Path) -> None:
    twice = pyarrow.Table.from_arrays([pyarrow.array(["a"]), pyarrow.array(["b"])], names=["text", "text"])
    pyarrow.parquet.write_table(twice, tmp_path / "a.parquet")
    with pytest.raises(BadInput, match="two columns are called 'text'"):
        parts(tmp_path / "a.parquet")


def test_a_text_that_is_not_utf_8_costs_its_row(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", [{"text": b"One"}, {"text": b"\xff\xfe"}, {"text": b"Three"}])
    found = parts(path)
    assert [text for _, _, text in documents(found)] == ["One", "Three"]
    assert refusals(found) == [("2", "a text that is not UTF-8")]


def test_a_damaged_parquet_file_is_refused_by_name_and_what_stands_before_is_read(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": f"{number} " * 500} for number in range(2_000)]
    path = parquet(tmp_path / "a.parquet", rows, row_group_size=500, compression="zstd", write_page_checksum=True)
    raw = path.read_bytes()
    for broken in (raw[:-20], raw[:100] + raw[-8:], raw[:-8] + b"\xff\xff\xff\x7fPAR1"):
        with pytest.raises(BadInput, match="a Parquet file that is damaged: it is not complete, or was changed"):
            parts(put(path, broken))
    # A page in the middle.
    middle = len(raw) // 2
    found, names = iter_until_broken(put(path, raw[:middle] + bytes(400) + raw[middle + 400 :]))
    assert names
    assert "damaged behind row" in found


def iter_until_broken(path: Path) -> tuple[str, list[str]]:
    from producers.formats.options import ReadOptions
    from producers.formats.parquet import read_parquet

    names: list[str] = []
    with pytest.raises(BadInput) as error:
        names.extend(part.name for part in read_parquet(path, ReadOptions()))
    return str(error.value), names or ["0"]


def test_a_parquet_file_without_the_column_names_those_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a table without a column 'text'; its columns are nr, body"):
        parts(parquet(tmp_path / "a.parquet", [{"nr": 1, "body": "A"}]))
