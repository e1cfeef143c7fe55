"""One module per page of the dashboard; each has a `render(page)` and no state of its own."""
