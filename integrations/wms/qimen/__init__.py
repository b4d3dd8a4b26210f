"""奇门 (Qimen), Taobao's standard between an ERP and a warehouse, spoken by most Chinese WMS.

The tower is the caller for orders going in (create, cancel, pend) and the receiver for reports coming out. Private
copies of the standard differ in gateway, prefix, root tag and codes: all of them are settings of the connection.
Where `topology` is `between`, the ERP's orders and the warehouse's reports go through the tower (`passage.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.adapter import (
    Access,
    Adapter,
    Decision,
    DeliveryWish,
    Field,
    FieldError,
    HandedOn,
    Handing,
    Incoming,
    Message,
    Polled,
    Question,
    Reply,
    Says,
    Telling,
)
from integrations.wms.qimen import client, client_stock, mapping, mapping_stock, passage, passage_calls, webhook

__all__ = ["QimenAdapter", "adapter"]


class QimenAdapter(Adapter):
    name = "qimen"
    title = "奇门仓库 (WMS)"
    system = "wms"
    capabilities = frozenset({"webhook", "fetch", "deliver", "pend", "tell", "between", "poll"})
    answers_now = True
    fields = (
        Field("app_key", "AppKey", required=True),
        Field("app_secret", "AppSecret", "更换时可同时填写新旧两个", required=True, secret=True),
        Field("customer_id", "customerId", "平台分配或双方约定的编码", required=True),
        Field("owner_code", "货主编码", required=True),
        Field("warehouse_code", "仓库编码", "留空则用指挥塔的仓库编码，仍为空则为 OTHER"),
        Field("sign_method", "签名方式", "md5、hmac 或 hmac-sha256", default="md5"),
        Field("method_prefix", "接口名前缀", "私有网关可能不同", default="taobao.qimen."),
        Field("root_tag", "报文根元素", "私有网关可能不同", default="request"),
        Field("order_type", "出库单类型", "JYCK 一般交易", default="JYCK"),
        Field("logistics_codes", "快递编码对照", '例如 {"jt": "JTSD"}，补充或覆盖内置对照', default={}),
        Field("platform_codes", "来源平台编码对照", '例如 {"douyin": "DY"}，补充或覆盖内置对照', default={}),
        Field(
            "sender",
            "发件人",
            '{"name","mobile","province","city","area","detailAddress"}',
            default={},
            required=True,
        ),
        Field("shop_nick", "店铺名称", "留空则用指挥塔的店铺名"),
        Field("already_texts", "“已存在”的说法", "仓库拒绝重复推单时的用语，逗号分隔，补充内置用语"),
        Field("signature_code", "签名错误时答复的 code", default=webhook.SIGNATURE_CODE),
        Field(
            "pickup_method",
            "揽收通知接口",
            "奇门没有标准接口，按与仓库的约定填写，例如 orderprocess.report；留空则不通知",
        ),
        Field("pickup_status", "揽收通知状态", "与仓库约定的状态", default="OTHER"),
        Field("clock_minutes", "允许的时间偏差（分钟）", default=10),
        Field("ask_minutes", "多久没有回传就去查询（分钟）", "已推送、未发货的单；0 表示不查询", default=10),
        Field("stock_minutes", "每隔多久读一次全部库存（分钟）", "0 表示不读", default=0),
        Field(
            "topology",
            "指挥塔的位置",
            "direct：由指挥塔向仓库下单；between：站在 ERP 与仓库之间，ERP 的单据经过指挥塔；observe：只接收仓库的回传",
            default="direct",
        ),
        Field("erp_url", "ERP 的接收地址", "between 时必填，仓库的回传原样转到这里"),
        Field("erp_secret", "与 ERP 约定的密钥", "between 时必填；更换时可同时填写新旧两个", secret=True),
        Field("erp_app_key", "转给 ERP 时的 AppKey"),
        Field("erp_customer_id", "ERP 一侧的 customerId", "留空则不核对"),
        Field("erp_method_prefix", "转给 ERP 时的接口名前缀", "标准的接收方没有前缀"),
        Field("unknown_orders", "ERP 推来指挥塔没有的订单", "refuse：拒绝；forward：直接转给仓库", default="refuse"),
        Field("wms_seconds", "等待仓库答复的秒数", "超过则结果未知，先核实再下单", default=8),
        Field("absent_texts", "“没有这个订单”的说法", "仓库查询不到时的用语，逗号分隔，补充内置用语"),
    )

    def can(self, capability: str, settings: Mapping[str, Any]) -> bool:
        if capability == "poll":
            return client_stock.minutes(settings) > 0
        topology = passage.topology(settings)
        if capability == "between":
            return topology == "between"
        if topology == "observe" and capability in ("deliver", "pend", "tell"):
            return False
        if topology == "between" and capability == "deliver":
            # The orders are the ERP's; two senders would be the double that the tower is there to prevent.
            return False
        return super().can(capability, settings) and (capability != "tell" or bool(settings.get("pickup_method")))

    def problems(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Sequence[FieldError]:
        found = []
        if str(settings.get("topology") or "direct") not in passage.TOPOLOGIES:
            found.append(FieldError("topology", "指挥塔的位置: 只能是 direct、between 或 observe"))
        if str(settings.get("unknown_orders") or "refuse") not in ("refuse", "forward"):
            found.append(FieldError("unknown_orders", "ERP 推来指挥塔没有的订单: 只能是 refuse 或 forward"))
        if passage.is_between(settings):
            if not str(settings.get("erp_url") or "").startswith(("http://", "https://")):
                found.append(FieldError("erp_url", "ERP 的接收地址: between 时必填，以 http:// 或 https:// 开头"))
            if not secrets.get("erp_secret"):
                found.append(FieldError("erp_secret", "与 ERP 约定的密钥: between 时必填"))
        return found

    def verify(self, access: Access, incoming: Incoming) -> None:
        webhook.verify(access, incoming)

    def unpack(self, access: Access, incoming: Incoming) -> Sequence[Message]:
        return webhook.unpack(access, incoming)

    def accepted(self, incoming: Incoming) -> Reply:
        return webhook.accepted()

    def refused(self, incoming: Incoming, error: Exception) -> Reply:
        return webhook.refused(error)

    def asked(self, access: Access, incoming: Incoming) -> Question | None:
        return webhook.asked(access, incoming)

    def decided(self, access: Access, incoming: Incoming, question: Question, decision: Decision) -> Reply:
        return passage_calls.decided(access, question, decision)

    def hand_on(self, access: Access, incoming: Incoming) -> HandedOn:
        return passage_calls.hand_on(access, incoming)

    def knows(self, access: Access, handing: Handing) -> str | None:
        return passage_calls.knows(access, handing)

    def carried(self, message: Message) -> tuple[str, ...] | None:
        return passage.codes_of_report(message) if message.kind.startswith(passage.TO_CARRY) else None

    def carry(self, access: Access, message: Message) -> None:
        passage_calls.carry(access, message)

    def parse(self, message: Message) -> Sequence[Says]:
        return [] if passage.is_only_kept(message) else mapping.parse(message)

    def fetch(self, access: Access, subject: str) -> Message:
        stock = subject.startswith(mapping_stock.SUBJECT)
        return client_stock.fetch(access, subject) if stock else client.fetch(access, subject)

    def poll(self, access: Access, cursor: Mapping[str, Any]) -> Polled:
        return client_stock.poll(access, cursor)

    def deliver(self, access: Access, wish: DeliveryWish) -> Mapping[str, Any]:
        return client.create_delivery(access, wish)

    def cancel_delivery(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        client.cancel(access, order, warehouse, reason)

    def tell(self, access: Access, news: Telling) -> None:
        client.tell(access, news)

    def pend(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        client.set_pending(access, order, warehouse, reason, action="pend")

    def restore(self, access: Access, order: str, warehouse: str, reason: str) -> None:
        client.set_pending(access, order, warehouse, reason, action="restore")


adapter = QimenAdapter()
