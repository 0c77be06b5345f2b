"""The flag --split, of every command that reads files."""

from __future__ import annotations

from typing import Annotated

import typer

SplitFlag = Annotated[
    str,
    typer.Option(
        "--split",
        help="How a file becomes documents. 'auto': a book by chapter, a PDF by outline, a mailbox by mail, a table "
        "by row, Markdown at its first level of headings, any other file whole. 'none': whole. 'headings': at the "
        "highest level of headings that occurs more than once. 'pages:20': a PDF in ranges of 20 pages. Or a regular "
        "expression: a line that begins with it begins a new document, and what comes before the first is left out.",
    ),
]
