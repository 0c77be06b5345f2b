"""The child process in which files are read: `process` is the parent's side, `main` the child's.

Files come from anybody, and the libraries that read them are large. So a file that hangs its reader, crashes it or
needs all memory costs the child, and is refused by name; the next file gets a new child.
"""
