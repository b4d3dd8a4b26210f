"""状态不一致: two systems that cannot both be right.

`drawing.draw` turns a dossier into a `Picture`, `find.find` says which pairs of the `table` it shows. The pairs are
pure functions over the picture; what is done about them is said in `integrations.contradictions`.
"""
