"""One typed function per statement in sql/queries: the connection first, rows as frozen structs, no rules.

A module for each file of statements; `rows` holds what they share.
"""
