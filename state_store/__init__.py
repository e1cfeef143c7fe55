"""Operational state: what people and jobs decided, which no document says. No figures of the books, no decisions.

A feature has a module here with its tables and a `Component`; the connection and the versions are in `database`.
Nothing that makes or publishes the marts imports this package: they are a function of the documents alone.
"""
