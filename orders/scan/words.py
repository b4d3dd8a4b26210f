"""What the page's scripts say, in the language of the request. `{n}` and the like are filled in by the page."""

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    return {**_jobs(), **_last(), **_screens(), **_work(), **_troubles()}


def _jobs() -> dict[str, str]:
    return {
        "look": _("查件"),
        "check": _("验货"),
        "pack": _("打包确认"),
        "print": _("打面单"),
        "ship": _("交接"),
        "prompt_look": _("扫任意条码"),
        "prompt_check": _("扫包裹，开始验货"),
        "prompt_pack": _("扫要打包的包裹或波次"),
        "prompt_collect": _("逐个扫，最后一次确认"),
        "prompt_print": _("扫要打面单的包裹"),
        "prompt_ship": _("扫面单上的运单号"),
    }


def _last() -> dict[str, str]:
    """The strip with the last scan, before and after its answer."""
    return {
        "ready": _("可以扫了"),
        "scanned": _("已扫，等待"),
        "kept": _("已记下，等待上传"),
        "same_scan": _("刚扫过，只算一次"),
        "waiting": _("待上传 {n}"),
        "pass": _("通过"),
        "attention": _("注意"),
        "wrong": _("扫错"),
        "stop": _("停发"),
        "same": _("重复"),
    }


def _screens() -> dict[str, str]:
    return {
        "refused_scans": _("这期间扫的 {n} 次没有算"),
        "still_waiting": _("前面还有 {n} 次等待上传，处理完继续"),
        "handled": _("我知道了，已处理"),
        "go_on": _("继续扫，或点一下"),
        "which_parcel": _("有多个包裹，扫的是哪一个？"),
        "how_printed": _("面单打出来了吗？"),
        "printed": _("已打印"),
        "print_failed": _("打印失败"),
        "print_unknown": _("不清楚"),
        "answer_first": _("请先回答，再继续扫"),
        "copy": _("第 {n} 联"),
        "cancel": _("取消"),
        "confirm_pack": _("确认打包 {n} 件"),
        "not_by_scanner": _("请用手输入密码，刚才扫的没有算"),
        "lost_if_leaving": _("还有 {n} 次扫描没有上传，离开就会丢掉。确定离开吗？"),
    }


def _work() -> dict[str, str]:
    return {
        "order": _("订单"),
        "carrier": _("快递"),
        "waybill": _("运单号"),
        "label": _("面单"),
        "label_requested": _("取号中"),
        "label_live": _("已取号"),
        "label_claimed": _("打印中"),
        "label_printed": _("已打印"),
        "label_unknown": _("结果不明"),
        "label_failed": _("失败"),
        "label_void": _("已作废"),
        "next_piece": _("下一件"),
        "next_piece_is": _("下一件：{name}"),
        "checked_of": _("应装 {quantity}，已验 {checked}"),
        "all_checked": _("全部验完"),
        "pieces": _("{checked} / {quantity} 件"),
        "pack_now": _("确认打包"),
        "print_now": _("打面单"),
        "check_now": _("开始验货"),
        "other_parcel": _("换一个包裹"),
        "one_by_one": _("逐件"),
        "collect": _("收集一批"),
        "collected": _("已收集 {n} 件"),
        "already_collected": _("已在这一批里"),
        "wave_alone": _("波次请在“逐件”里扫，一次确认"),
        "nothing_to_check": _("没有装箱明细，不用逐件验"),
        "collect_full": _("一批最多 {n} 件，请先确认"),
        "remove": _("移出"),
        "packed_count": _("已打包 {n} 件"),
        "left_out_count": _("没打包 {n} 件"),
        "packed_here": _("本次已打包"),
        "shipped_here": _("本次已交接"),
        "shipped_count": _("本次已交接 {n} 件"),
        "printed_here": _("本次已打印"),
        "start_again": _("重新计数"),
        "pieces_unit": _("件"),
    }


def _troubles() -> dict[str, str]:
    return {
        "offline": _("网络不通，扫描已记在本页，通了自动上传；不要关闭本页"),
        "muted": _("声音已关：只看屏幕，容易漏看"),
        "sound_blocked": _("声音还没有打开，点一下屏幕"),
        "sound_on": _("打开声音"),
        "sound_off": _("关闭声音"),
        "signed_out": _("登录已过期，请重新输入密码；扫描都还在"),
        "no_right": _("这个账号现在不能扫描，请找组长"),
        "not_accepted": _("系统没有接受这次扫描，请把包裹放一边，找组长"),
        "report_not_accepted": _("打印结果没有报上去，这张面单请交组长复核"),
        "wrong_password": _("密码不对"),
        "no_network": _("网络不通，请稍后再试"),
        "not_a_station": _("这像单号，不像工位"),
        "after_failed": _("这张面单不能再用，重新取号后再打"),
        "after_unknown": _("订单已锁定，请交运营主管复核"),
        "too_long": _("条码太长，请重扫"),
    }
