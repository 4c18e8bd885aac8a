/* user agent, browser, OS, model, class: rows for test_agent.c and the fuzzers' corpus */
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Sa"
    "fari/537.36",
    "chrome", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Sa"
    "fari/537.36 Edg/126.0.2592.87",
    "edge", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.14"
    "0 Safari/537.36 Edge/17.17134",
    "edge", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Sa"
    "fari/537.36 OPR/110.0.0.0",
    "opera", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Sa"
    "fari/537.36 Vivaldi/6.7.3329.31",
    "vivaldi", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Ya"
    "Browser/24.4.0.0 Safari/537.36",
    "yandex", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Wh"
    "ale/3.26.244.21 Safari/537.36",
    "whale", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/91.0.4472.12"
    "4 Safari/537.36 Sleipnir/6.4.16",
    "sleipnir", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "firefox", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; SLCC2; .NET CLR 2.0.50727; Tablet PC 2.0; rv:11.0) "
    "like Gecko",
    "ie", "windows", "unknown", "PC"},
{"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.0; Trident/4.0)",
    "ie", "windows", "unknown", "PC"},
{"Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18",
    "opera", "windows", "unknown", "PC"},
{"Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, lik"
    "e Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063",
    "edge", "windows phone", "Windows Phone", "MOBILE"},
{"Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; ARM; Trident/7.0; Touch; rv:11.0; IEMobile/11.0"
    "; NOKIA; Lumia 520) like iPhone OS 7_0_3 Mac OS X AppleWebKit/537 (KHTML, like Gecko) Mobile Safari/"
    "537",
    "ie", "windows phone", "Windows Phone", "MOBILE"},
{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17."
    "5 Safari/605.1.15",
    "safari", "macos", "unknown", "PC"},
{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0."
    "0.0 Safari/537.36",
    "chrome", "macos", "unknown", "PC"},
{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
    "firefox", "macos", "unknown", "PC"},
{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0."
    "0.0 Safari/537.36 Edg/126.0.0.0",
    "edge", "macos", "unknown", "PC"},
{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17."
    "4 Safari/605.1.15 Ddg/17.4",
    "duckduckgo", "macos", "unknown", "PC"},
{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.3"
    "6",
    "chrome", "linux", "unknown", "PC"},
{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "firefox", "linux", "unknown", "PC"},
{"Mozilla/5.0 (X11; FreeBSD amd64; rv:115.0) Gecko/20100101 Firefox/115.0",
    "firefox", "bsd", "unknown", "PC"},
{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Saf"
    "ari/537.36",
    "chrome", "chromeos", "unknown", "PC"},
{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safa"
    "ri/537.36",
    "chrome", "linux", "unknown", "PC"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Ve"
    "rsion/17.5 Mobile/15E148 Safari/604.1",
    "safari", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Cr"
    "iOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
    "chrome", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Fx"
    "iOS/127.0 Mobile/15E148 Safari/605.1.15",
    "firefox", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Ve"
    "rsion/17.0 EdgiOS/126.0.2592.56 Mobile/15E148 Safari/605.1.15",
    "edge", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Ve"
    "rsion/17.5 Mobile/15E148 Safari/604.1 OPT/4.7.1",
    "opera", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 14_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) OPiO"
    "S/16.0.15.124050 Mobile/15E148 Safari/9537.53",
    "opera", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GS"
    "A/319.0.643331706 Mobile/15E148 Safari/604.1",
    "google", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 Safari Line/14.9.0",
    "line", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 YJApp-IOS jp.co.yahoo.ipn.appli/4.108.0",
    "yahoo", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 [FBAN/FBIOS;FBAV/468.0.0.36.108;FBBV/611211123;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV"
    "/17.5.1;FBSS/3;FBID/phone;FBLC/ja_JP;FBOP/5]",
    "facebook", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 Instagram 337.0.2.24.92 (iPhone14,5; iOS 17_5_1; ja_JP; ja; scale=3.00; 1170x2532; 61234"
    "5678)",
    "instagram", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 MicroMessenger/8.0.49(0x1800312c) NetType/WIFI Language/ja",
    "wechat", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 KAKAOTALK 10.7.5",
    "kakaotalk", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 NAVER(inapp; search; 2000; 12.5.2; 13)",
    "naver", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 Twitter for iPhone/10.42",
    "twitter", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148 musical_ly_34.9.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/ja Region/JP",
    "tiktok", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mo"
    "bile/15E148",
    "unknown", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/12.1 Mobile/15E148 Safari/604.1",
    "safari", "ios", "iPod", "MOBILE"},
{"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    "safari", "ios", "iPad", "TABLET"},
{"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6"
    "478.54 Mobile/15E148 Safari/604.1",
    "chrome", "ios", "iPad", "TABLET"},
{"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari Line/1"
    "4.9.0",
    "line", "ios", "iPad", "TABLET"},
{"JALApp/5.2.1 CFNetwork/1496.0.7 Darwin/23.5.0",
    "unknown", "ios", "unknown", "UNKNOWN"},
{"Mozilla/5.0 (Linux; Android 14; Pixel 8 Pro) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.647"
    "8.71 Mobile Safari/537.36",
    "chrome", "android", "Pixel", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Sa"
    "fari/537.36",
    "chrome", "android", "unknown", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/53"
    "7.36",
    "chrome", "android", "unknown", "TABLET"},
{"Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0"
    " Chrome/121.0.0.0 Mobile Safari/537.36",
    "samsung", "android", "Galaxy", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-G991U) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrow"
    "ser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
    "samsung", "android", "Galaxy", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 12; SM-T870) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Saf"
    "ari/537.36",
    "chrome", "android", "Galaxy", "TABLET"},
{"Mozilla/5.0 (Linux; Android 13; SC-51C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobi"
    "le Safari/537.36",
    "chrome", "android", "Galaxy", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 13; SO-51C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobi"
    "le Safari/537.36",
    "chrome", "android", "Xperia", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 14; XQ-DQ44) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mob"
    "ile Safari/537.36",
    "chrome", "android", "Xperia", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 13; SOG08) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobil"
    "e Safari/537.36",
    "chrome", "android", "Xperia", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 13; SH-52C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobi"
    "le Safari/537.36",
    "chrome", "android", "AQUOS", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 13; SHG10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobil"
    "e Safari/537.36",
    "chrome", "android", "AQUOS", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 12; F-51B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobil"
    "e Safari/537.36",
    "chrome", "android", "arrows", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 13; Redmi Note 11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0"
    ".0 Mobile Safari/537.36",
    "chrome", "android", "Xiaomi", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 11; CPH2099) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mob"
    "ile Safari/537.36",
    "chrome", "android", "OPPO", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 13; moto g52j 5G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0."
    "0 Mobile Safari/537.36",
    "chrome", "android", "Motorola", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 14; Pixel 7a; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chr"
    "ome/126.0.6478.71 Mobile Safari/537.36 Line/14.9.0/IAB",
    "line", "android", "Pixel", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 14; Pixel 7a Build/AP1A.240505.005; wv) AppleWebKit/537.36 (KHTML, like "
    "Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/468.0.0.54.73;]",
    "facebook", "android", "Pixel", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 14; Pixel 7a Build/AP1A.240505.005; wv) AppleWebKit/537.36 (KHTML, like "
    "Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 YJApp-ANDROID jp.co.yahoo.android.yjtop"
    "/3.160.0",
    "yahoo", "android", "Pixel", "MOBILE"},
{"Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
    "firefox", "android", "unknown", "MOBILE"},
{"Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0",
    "firefox", "android", "unknown", "TABLET"},
{"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mob"
    "ile Safari/537.36 EdgA/126.0.0.0",
    "edge", "android", "Pixel", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mob"
    "ile Safari/537.36 OPR/82.0.0.0",
    "opera", "android", "Pixel", "MOBILE"},
{"Opera/9.80 (Android; Opera Mini/36.2/191.308; U; ja) Presto/2.12.423 Version/12.16",
    "opera", "android", "unknown", "MOBILE"},
{"Mozilla/5.0 (Linux; U; Android 4.0.3; ja-jp; SC-02C Build/IML74K) AppleWebKit/534.30 (KHTML, like Ge"
    "cko) Version/4.0 Mobile Safari/534.30",
    "android", "android", "Galaxy", "MOBILE"},
{"Mozilla/5.0 (Linux; U; Android 10; zh-cn; Mi 10 Build/QKQ1) AppleWebKit/537.36 (KHTML, like Gecko) V"
    "ersion/4.0 Chrome/79.0.3945.147 Mobile Safari/537.36 XiaoMi/MiuiBrowser/12.8.12",
    "miui", "android", "Xiaomi", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 10; HarmonyOS; ELS-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/9"
    "9.0.4844.88 HuaweiBrowser/13.0.5.303 Mobile Safari/537.36",
    "huawei", "harmonyos", "unknown", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.9.9 like Chro"
    "me/108.0.5359.220 Safari/537.36",
    "silk", "android", "Kindle", "TABLET"},
{"Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
    "firefox", "kaios", "unknown", "MOBILE"},
{"Mozilla/5.0 (Linux; Tizen 2.3; SAMSUNG SM-Z130H) AppleWebKit/537.3 (KHTML, like Gecko) Version/2.3 M"
    "obile Safari/537.3",
    "safari", "tizen", "Galaxy", "MOBILE"},
{"Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.0 "
    "Safari/605.1.15",
    "safari", "playstation", "unknown", "UNKNOWN"},
{"Mozilla/5.0 (Linux; Android 8.1.0; CUBOT X18 Build/O11019) AppleWebKit/537.36 (KHTML, like Gecko) Ch"
    "rome/70.0.3538.110 Mobile Safari/537.36",
    "chrome", "android", "unknown", "MOBILE"},
{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "bot", "unknown", "unknown", "BOT"},
{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bin"
    "gbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    "bot", "unknown", "unknown", "BOT"},
{"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chr"
    "ome/126.0.6478.71 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "bot", "android", "Nexus", "BOT"},
{"Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "bot", "unknown", "unknown", "BOT"},
{"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "bot", "unknown", "unknown", "BOT"},
{"curl/8.5.0",
    "curl", "unknown", "unknown", "UNKNOWN"},
{"Wget/1.21.3",
    "wget", "unknown", "unknown", "UNKNOWN"},
{"python-requests/2.31.0",
    "python", "unknown", "unknown", "UNKNOWN"},
{"okhttp/4.12.0",
    "okhttp", "unknown", "unknown", "UNKNOWN"},
{"Go-http-client/2.0",
    "go", "unknown", "unknown", "UNKNOWN"},
{"Apache-HttpClient/4.5.14 (Java/17.0.9)",
    "java", "unknown", "unknown", "UNKNOWN"},
{"Online/1.0 xSM-1 deadline/2",
    "unknown", "unknown", "unknown", "UNKNOWN"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobi"
    "le/15E148 [LinkedInApp]/9.29.8962",
    "linkedin", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Focu"
    "s/7.0.4 Mobile/16B91",
    "firefox", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (Linux; Android 7.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Klar/1.0 Chrome/"
    "58.0.3029.83 Mobile Safari/537.36",
    "firefox", "android", "unknown", "MOBILE"},
{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Vers"
    "ion/17.5 Mobile/15E148 Safari/604.1 OPX/2.0.6",
    "opera", "ios", "iPhone", "MOBILE"},
{"Mozilla/5.0 (Linux; U; Android 9; en-US; Redmi 6A Build/PPR1.180610.011) AppleWebKit/537.36 (KHTML, "
    "like Gecko) Version/4.0 Chrome/78.0.3904.108 UCBrowser/13.4.0.1306 Mobile Safari/537.36",
    "uc", "android", "Xiaomi", "MOBILE"},
{"Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "bot", "unknown", "unknown", "BOT"},
{"Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)",
    "bot", "unknown", "unknown", "BOT"},
{"Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compat"
    "ible; Bytespider; https://zhanzhang.toutiao.com/)",
    "bot", "android", "unknown", "BOT"},
{"Mozilla/5.0 (compatible; Y!J-ASR/0.1; +http://www.yahoo-help.jp/app/answers/detail/p/595/a_id/42716/"
    ")",
    "bot", "unknown", "unknown", "BOT"},
