"""Names that both directions share: a kind of message, and couriers."""

PUSH = "push"

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
