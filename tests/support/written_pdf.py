"""Writes small PDFs: pages of lines, an outline, a title."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(
    pages: Sequence[Sequence[str]],
    *,
    outline: Sequence[tuple[str, int]] = (),
    title: str | None = None,
    first_entry_again: bool = False,
    first_content: bytes | None = None,
    on_its_side: bool = False,
) -> bytes:
    """Return a PDF with a line of text below the other; `outline` has titles and the numbers of their pages, from 0.

    `first_entry_again`: the outline is a circle, its last entry is followed by its first.
    `first_content`: what the first page holds, packed.
    `on_its_side`: the pages are turned to be read, as those with a wide table are.
    """
    count = len(pages)
    # 1 catalog, 2 pages, 3 font, 4 information, 5 outline; then a page and its content, and the entries.
    first_page, first_entry = 6, 6 + 2 * count
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(count))
    objects: dict[int, str | bytes] = {
        1: "<< /Type /Catalog /Pages 2 0 R" + (" /Outlines 5 0 R" if outline else "") + " >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: f"<< /Title ({title}) >>" if title else "<< >>",
        5: f"<< /Type /Outlines /First {first_entry} 0 R /Last {first_entry + len(outline) - 1} 0 R >>",
    }
    for number, lines in enumerate(pages):
        page = first_page + 2 * number
        shown = " ".join(f"({_escaped(line)}) Tj T*" for line in lines)
        place = "0 1 -1 0 72 72 Tm" if on_its_side else "72 720 Td"
        content = f"BT /F1 12 Tf 14 TL {place} {shown} ET"
        objects[page] = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {page + 1} 0 R{' /Rotate 90' if on_its_side else ''} >>"
        )
        objects[page + 1] = f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream"
    for number, (entry, on_page) in enumerate(outline):
        last = number == len(outline) - 1
        following = first_entry if first_entry_again else 0
        following = following if last else first_entry + number + 1
        objects[first_entry + number] = (
            f"<< /Title ({_escaped(entry)}) /Parent 5 0 R /Dest [{first_page + 2 * on_page} 0 R /Fit]"
            + (f" /Next {following} 0 R" if following else "")
            + " >>"
        )
    if first_content is not None:
        head = f"<< /Filter /FlateDecode /Length {len(first_content)} >>\nstream\n".encode()
        objects[first_page + 1] = head + first_content + b"\nendstream"
    return _file(objects)


def _file(objects: dict[int, str | bytes]) -> bytes:
    raw = b"%PDF-1.7\n"
    places = {}
    for number, content in sorted(objects.items()):
        places[number] = len(raw)
        raw += b"%d 0 obj\n" % number + (content if isinstance(content, bytes) else content.encode("cp1252"))
        raw += b"\nendobj\n"
    table = "".join(f"{places[number]:010} 00000 n \n" for number in sorted(objects))
    start = len(raw)
    size = len(objects) + 1
    return raw + (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R >>\n"
        f"startxref\n{start}\n%%EOF\n"
    ).encode("ascii")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
