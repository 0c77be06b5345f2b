"""`gistream diff A B`: what two runs made of the same documents, as text, as JSON and as a page.

`side` reads the results of a topic or an archive, `comparison` pairs them, `marks` finds the words that differ, `block`
shows a difference on the screen, `report` on a page.
"""
