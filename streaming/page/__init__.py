"""Pages for a browser: one file that loads nothing and sends nothing.

`frame.html` is the page around every content, `base.css` its colours and controls, `elements.js` makes its elements.
"""

from streaming.page.render import as_data, render_page

__all__ = ["as_data", "render_page"]
