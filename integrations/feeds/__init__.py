"""Sources that are set up in the back office alone: reading what they send, and turning it into the tower's words.

Pure, all but two: `pulling` asks over HTTP, `folders` reads files. Nothing here knows a database.

    decoding, xml, workbook → reading   bytes → documents → records
    paths, values, shapes → plan        a mapping as a person wrote it → rules, or a sentence that says what is wrong
    orders, reports                     a record and a plan → a snapshot
    signing                             who may push
    connector                           all of it as one `Adapter`; a folder gives it a name and a shape
"""
