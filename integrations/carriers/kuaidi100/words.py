"""Names that both directions share: kinds of messages, and couriers."""

# A push, an answer to a query, and a hint to a person that is no fact.
PUSH, QUERY, NOTICE = "push", "query", "notice"

# The tower's word for a courier → theirs. The seller's `company_codes` win when the tower asks.
COMPANIES = {
    "sf": "shunfeng",
    "zto": "zhongtong",
    "yto": "yuantong",
    "sto": "shentong",
    "yunda": "yunda",
    "jt": "jtexpress",
    "ems": "ems",
    "jd": "jd",
    "deppon": "debangkuaidi",
}
CARRIERS = {company: carrier for carrier, company in COMPANIES.items()} | {"youzhengguonei": "ems"}
