"""The formats that documents have on a disk: each reader turns one file into the texts that are in it.

`kinds` says which reader reads which file, `reading` reads one. A reader is a function
`read_NAME(path, options) -> Iterator[Part | PartRefusal]`: it makes the parts that `options.split` asks for, by the
file's own structure where the user left that open. It raises `BadInput` with what the file is and what to do, also
after the first parts; it opens no connection, and starts no process. A reader of rows or mails yields a `PartRefusal`
for each that is no document.
"""
