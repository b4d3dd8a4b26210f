"""企业微信 group robot: one message to one group, by a webhook address whose key is the only secret."""

from alerts.channels import Channel, ChannelAccess, Text
from alerts.channels.wecom import client, message
from integrations.adapter import Field
from integrations.errors import Unauthorised

DEFAULT_BASE_URL = "https://qyapi.weixin.qq.com"


class WeComRobot(Channel):
    name = "wecom"
    title = "企业微信群机器人"
    fields = (
        Field("base_url", "接口地址", help="一般不用改", default=DEFAULT_BASE_URL),
        Field("key", "机器人密钥", help="机器人 Webhook 地址里 key= 后面的部分", required=True, secret=True),
    )

    def send(self, access: ChannelAccess, text: Text) -> str:
        keys = access.secrets.get("key") or ()
        key = keys if isinstance(keys, str) else next(iter(keys), "")
        if not key:
            raise Unauthorised("the robot has no key", code="no_key")
        base_url = str(access.settings.get("base_url") or DEFAULT_BASE_URL)
        return client.send(base_url, key, message.of(text))


channel = WeComRobot()
