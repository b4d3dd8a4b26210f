"""Sending an alert by its channel: one job per alert and channel, never faster than the robot allows."""

from datetime import timedelta
from typing import Literal

from alerts.channels import ChannelAccess, Text
from alerts.channels.registry import channel_named
from alerts.intake import link_to
from alerts.models import Alert, Channel
from integrations.errors import OutsideError, Temporary
from integrations.jobs import Task, handles
from integrations.models import Attempt
from orders import clock

# A WeCom robot takes 20 messages a minute (WeCom documentation 5.1); one is kept back for a person's test.
PER_MINUTE = 19
LEVELS: dict[str, Literal["info", "warning", "critical"]] = {"info": "info", "critical": "critical"}


@handles("send_alert")
def send_alert(task: Task) -> dict[str, str]:
    alert = Alert.objects.select_related("order").get(pk=task.payload["alert"])
    channel = Channel.objects.get(pk=task.payload["channel"])
    _wait_for_turn(channel)
    access = ChannelAccess(settings=channel.settings, secrets=channel.secrets())
    text = Text(
        title=alert.title,
        lines=tuple(alert.lines),
        link=link_to(alert.order_id) if alert.order_id else "",
        level=LEVELS.get(alert.level, "warning"),
        mentions=(),
    )
    try:
        message_id = channel_named(channel.kind).send(access, text)
    except OutsideError as error:
        Channel.objects.filter(pk=channel.pk).update(last_error=f"[{error.code}] {error}"[:300])
        raise
    Alert.objects.filter(pk=alert.pk, delivered_at__isnull=True).update(delivered_at=clock.now())
    Channel.objects.filter(pk=channel.pk).exclude(last_error="").update(last_error="")
    return {"message": message_id}


def _wait_for_turn(channel: Channel) -> None:
    """Count the tries of the last minute by this channel, over all workers: the rows are the bucket."""
    recent = Attempt.objects.filter(
        job__kind="send_alert", job__payload__channel=channel.pk, started_at__gte=clock.now() - timedelta(minutes=1)
    ).exclude(outcome="retry")
    if recent.count() > PER_MINUTE:
        raise Temporary("本分钟消息已达上限，稍后再发", code="our_limit", retry_after=5)
