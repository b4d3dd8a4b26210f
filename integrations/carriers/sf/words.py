"""Names that several parts share: kinds of messages, services, and the tower's word for the courier."""

CARRIER = "sf"

# Pushed routes, and a pushed state of the order (kept, says nothing).
PUSH, ORDER_STATE = "push", "order_state"

CREATE_ORDER = "EXP_RECE_CREATE_ORDER"
FIND_ORDER = "EXP_RECE_SEARCH_ORDER_RESP"
UPDATE_ORDER = "EXP_RECE_UPDATE_ORDER"
ROUTES = "EXP_RECE_SEARCH_ROUTES"
INTERCEPT = "EXP_RECE_WANTED_INTERCEPT"
