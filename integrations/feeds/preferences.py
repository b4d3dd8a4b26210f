"""A connection's settings, understood in one place; what is wrong is said by field, on saving and on use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from integrations.adapter import Field, FieldError
from integrations.feeds import decoding, paths, signing
from integrations.feeds.reading import FORMATS
from integrations.preferences import listed
from orders.clock import BEIJING

PULLS = ("none", "http", "folder")
PAGINGS = ("none", "page", "cursor")
METHODS = ("GET", "POST")
ISO, UNIX, UNIX_MILLISECONDS = "iso", "unix", "unix_ms"

FIELDS = (
    Field("mapping", "字段映射（JSON）", help="在“字段映射”页面编辑", default={}, elsewhere=True),
    Field("format", "数据格式", help="auto 自动识别，或 json、xml、csv、xlsx", default="auto"),
    Field("encoding", "文字编码", help="auto 自动识别，或 utf-8、gbk", default=decoding.AUTO),
    Field(
        "signature",
        "推送的验证方式",
        help="token 固定令牌、hmac 签名、standard_webhooks，或 none 不验证",
        default=signing.TOKEN,
    ),
    Field("push_secret", "推送的令牌或密钥", help="不验证则留空；更换期间可以同时填新旧两个，新的在前", secret=True),
    Field("signature_header", "令牌或签名在哪个请求头", help="留空：令牌 X-Token，签名 X-Signature"),
    Field("signature_digest", "签名算法", help="sha256、sha1、sha512 或 md5", default="sha256"),
    Field("signature_form", "签名写法", help="hex 或 base64", default="hex"),
    Field("stamp_header", "时间戳请求头", help="填写后，签名内容为“时间戳.正文”，前后五分钟内有效"),
    Field("pull", "主动读取", help="none 不读取、http 按地址读取，或 folder 读取文件夹", default="none"),
    Field("pull_token", "读取时的令牌", help="请求头的完整内容，如 Bearer …", secret=True),
    Field("token_header", "读取令牌的请求头", default="Authorization"),
    Field("token_parameter", "读取令牌的参数名", help="填写后令牌放在地址参数里，不放请求头"),
    Field("method", "读取方法", help="GET，或 POST（参数作为 JSON）", default="GET"),
    Field("parameters", "固定参数（JSON）", help='如 {"type": "1"}', default={}),
    Field("paging", "分页方式", help="none 不分页、page 页码，或 cursor 游标", default="none"),
    Field("page_parameter", "页码或游标的参数名", default="page"),
    Field("first_page", "首页页码", default=1),
    Field("size_parameter", "每页条数的参数名", help="留空则不传", default="page_size"),
    Field("page_size", "每页条数", default=100),
    Field("cursor_path", "下一页游标在回答里的位置", help="如 $.next"),
    Field("since_parameter", "起始时间的参数名", help="留空则每次读取全部"),
    Field("until_parameter", "截止时间的参数名", help="留空则不传"),
    Field("since_format", "参数里的时间写法", help="iso、unix、unix_ms，或 %Y-%m-%d %H:%M:%S", default=ISO),
    Field("start", "首次读取的起点", help="ISO 时间；留空则从一天前开始"),
    Field("overlap_seconds", "时间重叠（秒）", help="防止晚入库的订单漏读", default=120),
    Field("one_path", "按单号读取的地址", help="接在地址后面，如 /orders/{id}；留空则不能按单号读取"),
    Field("folder", "文件夹", help="本连接的文件夹下的子目录；留空就是该文件夹本身"),
)


class WrongSetting(ValueError):
    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Preferences:
    format: str
    encoding: str
    scheme: signing.Scheme
    pull: str
    token_header: str
    token_parameter: str
    method: str
    parameters: Mapping[str, str]
    paging: str
    page_parameter: str
    first_page: int
    size_parameter: str
    page_size: int
    cursor_path: str
    since_parameter: str
    until_parameter: str
    since_format: str
    start: datetime | None
    overlap_seconds: int
    one_path: str
    folder: str

    def time_text(self, moment: datetime) -> str:
        """A time as the source wants it in parameters; a format of its own means Beijing time."""
        if self.since_format in (UNIX, UNIX_MILLISECONDS):
            return str(int(moment.timestamp() * (1000 if self.since_format == UNIX_MILLISECONDS else 1)))
        local = moment.astimezone(BEIJING)
        return local.isoformat(timespec="seconds") if self.since_format == ISO else local.strftime(self.since_format)


def understood(settings: Mapping[str, Any]) -> Preferences:
    """The settings, or `WrongSetting` for the first that cannot be used."""
    teller = _Teller(settings)
    return Preferences(
        format=teller.one_of("format", FORMATS),
        encoding=teller.one_of("encoding", (decoding.AUTO, *decoding.CODECS)),
        scheme=signing.Scheme(
            kind=teller.one_of("signature", signing.SCHEMES),
            header=teller.header("signature_header"),
            digest=teller.one_of("signature_digest", signing.DIGESTS),
            form=teller.one_of("signature_form", signing.FORMS),
            stamp_header=teller.header("stamp_header"),
        ),
        pull=teller.one_of("pull", PULLS),
        token_header=teller.header("token_header"),
        token_parameter=teller.text("token_parameter"),
        method=teller.one_of("method", METHODS),
        parameters=teller.table("parameters"),
        paging=teller.one_of("paging", PAGINGS),
        page_parameter=teller.text("page_parameter") or "page",
        first_page=teller.whole("first_page", 0, 1),
        size_parameter=teller.text("size_parameter"),
        page_size=teller.whole("page_size", 1, 5000),
        cursor_path=teller.path("cursor_path"),
        since_parameter=teller.text("since_parameter"),
        until_parameter=teller.text("until_parameter"),
        since_format=teller.time_format("since_format"),
        start=teller.time("start"),
        overlap_seconds=teller.whole("overlap_seconds", 0, 24 * 3600),
        one_path=teller.one_path("one_path"),
        folder=teller.folder("folder"),
    )


def problems(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> list[FieldError]:
    """Why these settings do not work together."""
    try:
        found = understood(settings)
    except WrongSetting as error:
        return [FieldError(error.field, str(error))]
    if found.scheme.kind != signing.NONE and not listed(secrets, "push_secret") and found.pull == "none":
        return [FieldError("push_secret", "推送的令牌或密钥: 必填，除非验证方式选 none")]
    if found.paging == "cursor" and not found.cursor_path:
        return [FieldError("cursor_path", "按游标分页时，要说明下一页游标在回答里的位置")]
    return []


class _Teller:
    """Reads single settings; a complaint names its field."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.defaults = {field.name: field.default for field in FIELDS}

    def text(self, name: str) -> str:
        value = self.settings.get(name)
        if value is None or value == "":
            value = self.defaults[name]
        if not isinstance(value, str | int) or len(str(value)) > 300 or not str(value).isprintable():
            raise WrongSetting(name, "要写成一行文字")
        return str(value).strip()

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        text = self.text(name)
        found = next((choice for choice in choices if choice.lower() == text.lower()), None)
        if found is None:
            raise WrongSetting(name, f"只能是 {'、'.join(choices)}")
        return found

    def header(self, name: str) -> str:
        text = self.text(name)
        if text and not text.replace("-", "").replace("_", "").isalnum():
            raise WrongSetting(name, "不是请求头的名字")
        return text

    def whole(self, name: str, least: int, most: int) -> int:
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
            raise WrongSetting(name, f"要是 {least} 到 {most} 的整数")
        return int(text)

    def table(self, name: str) -> Mapping[str, str]:
        value = self.settings.get(name) or {}
        try:
            value = json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise WrongSetting(name, "不是有效的 JSON") from error
        if not isinstance(value, Mapping) or not all(isinstance(one, str | int) for one in value.values()):
            raise WrongSetting(name, '要写成 {"参数": "值"}')
        return {str(key): str(one) for key, one in value.items()}

    def path(self, name: str) -> str:
        try:
            paths.parse(self.text(name))
        except ValueError as error:
            raise WrongSetting(name, str(error)) from error
        return self.text(name)

    def time_format(self, name: str) -> str:
        text = self.text(name)
        if text not in (ISO, UNIX, UNIX_MILLISECONDS) and "%" not in text:
            raise WrongSetting(name, "时间写法要是 iso、unix、unix_ms，或 %Y-%m-%d %H:%M:%S 这样的格式")
        return text

    def time(self, name: str) -> datetime | None:
        text = self.text(name)
        try:
            found = datetime.fromisoformat(text) if text else None
        except ValueError as error:
            raise WrongSetting(name, "不是 ISO 时间，例如 2026-11-11T00:00:00+08:00") from error
        return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(UTC) if found else None

    def one_path(self, name: str) -> str:
        text = self.text(name)
        if text and (text.count("{id}") != 1 or text.count("{") != 1 or not text.startswith(("/", "?", "&"))):
            raise WrongSetting(name, "要以 /、? 或 & 开头，并且有一个 {id}")
        return text

    def folder(self, name: str) -> str:
        text = self.text(name).replace("\\", "/")
        parts = PurePosixPath(text).parts
        if text.startswith("/") or ".." in parts or any(":" in part for part in parts):
            raise WrongSetting(name, "要写本连接文件夹下的子目录，不能是别处的路径")
        return "/".join(part for part in parts if part != ".")
