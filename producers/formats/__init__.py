"""The formats that documents have on a disk: each reader turns one file into the texts that are in it.

A reader is a function `read_NAME(path) -> Iterator[Part]`. It raises `BadInput` with what the file is and what to do,
also after the first parts; it opens no connection, and starts no process. A reader of rows or mails yields a
`PartRefusal` for each that is no document.
"""
