#include "detector/agent_table.h"

#define NO LA_CLASS_UNKNOWN
#define PC LA_CLASS_PC
#define MOBILE LA_CLASS_MOBILE
#define TABLET LA_CLASS_TABLET
#define BOT LA_CLASS_BOT

/* clang-format off */
const struct la_agent_row la_agent_table[] = {
	/* words, browser, OS, model, class */
	{"*bot/|googlebot|bingbot|adsbot-google|baiduspider|bytespider|yandex.com/bots|facebookexternalhit|slurp|y!j-", "bot", NULL, NULL, BOT},

	/* apps that show a page themselves name the browser they are made of, too: they come before it */
	{"line/", "line", NULL, NULL, NO},
	{"yjapp|yjtop|jp.co.yahoo", "yahoo", NULL, NULL, NO},
	{"instagram", "instagram", NULL, NULL, NO},
	{"fban/|fbav/|fb_iab/|fbios", "facebook", NULL, NULL, NO},
	{"micromessenger/", "wechat", NULL, NULL, NO},
	{"kakaotalk", "kakaotalk", NULL, NULL, NO},
	{"naver(", "naver", NULL, NULL, NO},
	{"musical_ly|bytedancewebview|bytelocale|tiktok", "tiktok", NULL, NULL, NO},
	{"twitter for|twitterandroid", "twitter", NULL, NULL, NO},
	{"snapchat", "snapchat", NULL, NULL, NO},
	{"pinterest/|pinterest for", "pinterest", NULL, NULL, NO},
	{"linkedinapp", "linkedin", NULL, NULL, NO},
	{"gsa/", "google", NULL, NULL, NO},

	/* made from Chrome or Safari, and say so: before those */
	{"duckduckgo/|ddg/", "duckduckgo", NULL, NULL, NO},
	{"vivaldi/", "vivaldi", NULL, NULL, NO},
	{"yabrowser/", "yandex", NULL, NULL, NO},
	{"whale/", "whale", NULL, NULL, NO},
	{"ucbrowser|ucweb|uc browser|ubrowser/", "uc", NULL, NULL, NO},
	{"mqqbrowser|qqbrowser", "qq", NULL, NULL, NO},
	{"miuibrowser/", "miui", NULL, NULL, NO},
	{"huaweibrowser/", "huawei", NULL, NULL, NO},
	{"sleipnir", "sleipnir", NULL, NULL, NO},
	{"brave/", "brave", NULL, NULL, NO},
	{"silk/", "silk", "android", NULL, NO}, /* for the desktop's pages it calls itself a Macintosh */
	{"samsungbrowser/", "samsung", NULL, NULL, NO},
	{"opr/|opera/|opera |opios/|opt/|opx/|coast/", "opera", NULL, NULL, NO},
	{"edg/|edge/|edga/|edgios/", "edge", NULL, NULL, NO},
	{"fxios/|focus/|klar/|firefox/", "firefox", NULL, NULL, NO},
	{"crios/|chrome/|chromium/|headlesschrome", "chrome", NULL, NULL, NO},
	{"msie|trident/|iemobile/", "ie", NULL, NULL, NO},

	/* programs */
	{"curl/", "curl", NULL, NULL, NO},
	{"wget/", "wget", NULL, NULL, NO},
	{"python-requests/|python-urllib|aiohttp/|python-httpx/", "python", NULL, NULL, NO},
	{"okhttp/", "okhttp", NULL, NULL, NO},
	{"go-http-client/", "go", NULL, NULL, NO},
	{"java/|java#|java #|apache-httpclient/", "java", NULL, NULL, NO},

	/* what is left on Android is its own old browser, which calls itself Safari */
	{"android", "android", NULL, NULL, NO},
	{"safari/", "safari", NULL, NULL, NO},

	/* systems; Windows Phone names Android, iPhone and Mac OS X, iPhone and iPad name Mac OS X */
	{"windows phone|xblwp7|zunewp7|wds #", NULL, "windows phone", "Windows Phone", MOBILE},
	{"windows", NULL, "windows", NULL, PC},
	{"ipad", NULL, "ios", "iPad", TABLET},
	{"ipod", NULL, "ios", "iPod", MOBILE},
	{"iphone", NULL, "ios", "iPhone", MOBILE},
	{"macintosh|mac os x 1|mac os x/|mac os x version|macmini|macbook|imac|macpro", NULL, "macos", NULL, PC},
	{"darwin/#.#.# (i386|darwin/##.#.# (i386|darwin/##.#.# (x86_64|darwin/##.##;i386", NULL, "macos", NULL, PC}, /* CFNetwork's; iPhones are arm */
	{"cros ", NULL, "chromeos", NULL, PC},
	{"kaios", NULL, "kaios", NULL, MOBILE},
	{"tizen", NULL, "tizen", NULL, NO},
	{"web0s|webos|hpwos/", NULL, "webos", NULL, NO},
	{"playstation", NULL, "playstation", NULL, NO},
	{"nintendo", NULL, "nintendo", NULL, NO},
	{"harmonyos|openharmony", NULL, "harmonyos", NULL, NO},
	{"kftt|kfot|kfmawi|kftrwi", NULL, "android", "Kindle", TABLET},
	{"android|adr |juc (|juc(", NULL, "android", NULL, NO},
	{"freebsd|openbsd|netbsd|bsd ", NULL, "bsd", NULL, PC},
	{"linux|centos", NULL, "linux", NULL, NO},
	{"cfnetwork/|ios |ios;", NULL, "ios", NULL, NO},

	/* makers' model numbers */
	{"sprd-|alps ", NULL, NULL, "unknown", NO}, /* copies, with the numbers of others */
	{"pixel", NULL, NULL, "Pixel", NO},
	{"nexus", NULL, NULL, "Nexus", NO},
	{"sm-|gt-|galaxy |galaxy-|galaxy_|sc-#|scv#|scg#", NULL, NULL, "Galaxy", NO},
	{"xperia |xperia)|xq-|so-#|sov#|sog#", NULL, NULL, "Xperia", NO},
	{"aquos|sh-#|sh-m#|sh-r#|shv#|shg#", NULL, NULL, "AQUOS", NO},
	{"arrows|f-#|fcg#", NULL, NULL, "arrows", NO},
	{"redmi|xiaomi|poco", NULL, NULL, "Xiaomi", NO},
	{"huawei |huawei_|huawei-", NULL, NULL, "Huawei", NO},
	{"oppo|cph#", NULL, NULL, "OPPO", NO},
	{"oneplus", NULL, NULL, "OnePlus", NO},
	{"motorola|moto ", NULL, NULL, "Motorola", NO},
	{"kindle", NULL, NULL, "Kindle", NO},

	/* Android says "Mobile" on phones only */
	{"tablet", NULL, NULL, NULL, TABLET},
	{"mobile|mobi|opera mini/", NULL, NULL, NULL, MOBILE},
	{"android", NULL, NULL, NULL, TABLET},
	{"x11|linux", NULL, NULL, NULL, PC},
};
/* clang-format on */

const size_t la_agent_table_size = sizeof(la_agent_table) / sizeof(la_agent_table[0]);
