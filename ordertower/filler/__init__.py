"""Many orders quickly, for benchmarks. It writes around the services on purpose, so it refuses in production.

A few *lives* are led by the services themselves (`lives`). All other orders are copies of them (`copies`): the same
rows in the same tables, with their own ids, numbers, times, receivers and keys, and a hash chain computed anew. So a
filled tower is what the services would have left, whatever the schema of the day is.
"""
