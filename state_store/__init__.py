"""Operational state: what people and jobs decided, and what the live feed knows now. No figures of the books.

A feature has a module here with its tables and a `Component`; the connection and the versions are in `database`.
Nothing that makes or publishes the marts imports this package: they are a function of the documents alone.
"""
