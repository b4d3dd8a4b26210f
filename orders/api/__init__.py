"""The REST door: it reads strictly, asks one service or selector, and shows what came of it. It decides nothing.

An endpoint is a view with its `scopes`, one `operation` for the schema, strict bodies (`*_shapes`) and an answer made
by `present`. Everything outside the caller's `Access` answers 404, and every no is a problem with a stable code.
"""
