/* The stories of test_policy_stories.c, in the order of RULES.md. */
#ifndef STORIES_H
#define STORIES_H

static const struct story stories[] = {
    {"words: a token that is empty or INVALID counts as missing",
        "0 login token=A -> ALERTED FIRST_LOGIN envs=1\n"
        "1m login token=A -> KNOWN unapplied\n"
        "2m login token=A origin=invalid -> ALERTED COOKIES_CLEARED envs=2\n"
        "3m login token=A origin=none -> KNOWN\n"
        "4m login token=A origin=issued -> KNOWN\n"
        "5m login token= -> ALERTED COOKIES_CLEARED envs=2\n"},
    {"words: platform is OS family, device class and model, each of them",
        "policy cap=0\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=B os=android -> ALERTED NEW_DEVICE\n"
        "2m login token=C class=tablet -> ALERTED NEW_DEVICE\n"
        "3m login token=D model=iPod -> ALERTED NEW_DEVICE\n"
        "4m login token=E model=iPod -> ALERTED COOKIES_CLEARED\n"},
    {"words: comparison ignores case",
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=B os=IOS model=IPHONE browser=Chrome -> ALERTED COOKIES_CLEARED\n"
        "2m login token=A os=iOS model=iphone browser=CHROME -> KNOWN unapplied\n"},
    {"words: live up to device-ttl, and not a millisecond more",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "160d login token=A -> KNOWN applied\n"
        "320d1ms login token=A -> ALERTED FIRST_LOGIN envs=1\n"},
    {"words: an event older than last_seen finds it live",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "-3000d login token=A -> KNOWN unapplied\n"},
    {"words: an expired environment stays until it is replaced, revoked or erased",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "300d login token=B -> ALERTED FIRST_LOGIN envs=2\n"
        "100d login token=A -> KNOWN envs=2\n"
        "301d revoked token=A -> FORGOTTEN envs=1\n"},
    {"words: touch only when more than device-ttl/16 later, and only then is it applied",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "10d login token=A -> KNOWN unapplied\n"
        "10d1ms login token=A -> KNOWN applied\n"
        "20d login token=A -> KNOWN unapplied\n"
        "170d login token=A -> KNOWN applied\n"},

    /* rule 2 */
    {"2: an event in the memo has its outcome and reason again, and changes nothing",
        "policy cap=1/1h cooldown=30m\n"
        "0 login id=a ip=192.0.2.1 token=A -> ALERTED FIRST_LOGIN applied memo=1 before=0\n"
        "0 login id=a ip=192.0.2.1 token=A -> ALERTED FIRST_LOGIN unapplied memo=1 envs=1\n"
        "1m link id=b app=x ip=192.0.2.1 -> ALERTED THIRD_PARTY_LINK memo=2\n"
        "2m login id=c token=B ip=192.0.2.1 -> SUPPRESSED_CAP COOKIES_CLEARED memo=3 envs=1 suppressed=1\n"
        "2m login id=c token=B ip=192.0.2.1 -> SUPPRESSED_CAP COOKIES_CLEARED unapplied suppressed=1\n"
        "1h login id=d token=B ip=192.0.2.1 -> ALERTED COOKIES_CLEARED before=1 suppressed=0\n"
        "1h login id=d token=B ip=192.0.2.1 -> ALERTED COOKIES_CLEARED unapplied before=1\n"
        "1m link id=b app=x ip=192.0.2.1 -> ALERTED THIRD_PARTY_LINK unapplied before=0\n"},
    {"2: sent twice, known at first and new again after a revocation; read again, the first has the second's job",
        "0 login id=a token=A -> ALERTED FIRST_LOGIN\n"
        "1m login id=b token=A -> KNOWN unapplied\n"
        "2m revoked token=A -> FORGOTTEN envs=0\n"
        "1m login id=b token=A -> ALERTED FIRST_LOGIN applied memo=2\n"
        "1m login id=b token=A -> ALERTED FIRST_LOGIN unapplied memo=2 envs=1\n"},
    {"2: the memo comes before everything else, also when the state would say KNOWN or nothing at all",
        "0 login id=a token=A -> ALERTED FIRST_LOGIN\n"
        "1m erased -> FORGOTTEN\n"
        "0 login id=a token=A -> ALERTED FIRST_LOGIN unapplied envs=0\n"
        "0 login id=a token=A result=failure -> ALERTED FIRST_LOGIN unapplied\n"},
    {"2: the event digest is of event id and time",
        "0 login id=a token=A -> ALERTED FIRST_LOGIN\n"
        "1m login id=a token=A -> KNOWN\n"
        "0 login id=b token=A -> KNOWN\n"},
    {"2: a position not after the one applied: decided, nothing written, a candidate counts as KNOWN",
        "0 login off=10 token=A -> ALERTED FIRST_LOGIN applied\n"
        "1m login off=9 token=B -> KNOWN unapplied envs=1 memo=1\n"
        "1m login off=10 token=B -> KNOWN unapplied envs=1\n"
        "1m revoked off=10 token=A -> FORGOTTEN unapplied envs=1\n"
        "1m erased off=3 -> FORGOTTEN unapplied envs=1 tombstone=0\n"
        "400d login off=10 token=A -> KNOWN unapplied\n"
        "1m login off=10 token=A result=failure -> IGNORED_RESULT unapplied\n"
        "1m login off=11 token=B -> ALERTED COOKIES_CLEARED applied envs=2\n"},
    {"2: other partitions and topics have positions of their own",
        "0 login off=10 token=A -> ALERTED FIRST_LOGIN positions=1\n"
        "1m login off=2 part=1 token=B -> ALERTED COOKIES_CLEARED positions=2\n"
        "2m login off=2 topic=other token=C -> ALERTED COOKIES_CLEARED positions=3\n"
        "3m login off=10 token=D -> KNOWN unapplied\n"
        "3m login off=2 part=1 token=D -> KNOWN unapplied\n"
        "3m login off=3 part=1 token=D -> ALERTED COOKIES_CLEARED applied positions=3\n"},
    {"2: a Kafka timestamp later than the latest applied: the log was made anew",
        "0 login off=10 ts=1m token=A -> ALERTED FIRST_LOGIN\n"
        "1m login off=3 ts=1m token=B -> KNOWN unapplied\n"
        "1m login off=3 ts=1m1ms token=B -> ALERTED COOKIES_CLEARED applied\n"
        "2m login off=4 ts=1m token=C -> ALERTED COOKIES_CLEARED applied\n"
        "2m login off=4 ts=1m1ms token=D -> KNOWN unapplied\n"
        "2m login off=4 ts=1m2ms token=D -> ALERTED COOKIES_CLEARED applied\n"},
    {"2: without a timestamp the offset alone decides; a known one is kept",
        "0 login off=10 ts=5m token=A -> ALERTED FIRST_LOGIN\n"
        "1m login off=9 token=B -> KNOWN unapplied\n"
        "1m login off=11 token=B -> ALERTED COOKIES_CLEARED\n"
        "2m login off=11 ts=5m token=C -> KNOWN unapplied\n"
        "2m login off=11 ts=6m token=C -> ALERTED COOKIES_CLEARED\n"},
    {"2: the position is that of the last applied event, which may lie before",
        "0 login off=10 ts=1m token=A -> ALERTED FIRST_LOGIN\n"
        "1m login off=3 ts=2m token=B -> ALERTED COOKIES_CLEARED\n"
        "2m login off=5 ts=2m token=C -> ALERTED COOKIES_CLEARED\n"},
    {"2: an event that changed nothing leaves no position",
        "0 login off=10 token=A -> ALERTED FIRST_LOGIN\n"
        "1m password off=20 -> IGNORED_KIND unapplied\n"
        "1m login off=15 token=B -> ALERTED COOKIES_CLEARED applied\n"},
    {"2: four positions are kept, the latest applied",
        "policy cap=0\n"
        "0 login off=10 part=1 token=A -> ALERTED FIRST_LOGIN positions=1\n"
        "1m login off=10 part=2 token=B -> ALERTED COOKIES_CLEARED positions=2\n"
        "2m login off=10 part=3 token=C -> ALERTED COOKIES_CLEARED positions=3\n"
        "3m login off=10 part=4 token=D -> ALERTED COOKIES_CLEARED positions=4\n"
        "4m login off=11 part=1 token=E -> ALERTED COOKIES_CLEARED positions=4\n"
        "5m login off=10 part=5 token=F -> ALERTED COOKIES_CLEARED positions=4\n"
        "6m login off=11 part=1 token=G -> KNOWN unapplied\n"
        "6m login off=10 part=2 token=G -> ALERTED COOKIES_CLEARED applied\n"},

    /* rule 3 */
    {"3: result not SUCCESS comes first",
        "0 login result=failure token=A -> IGNORED_RESULT unapplied envs=0\n"
        "0 erased result=challenged -> IGNORED_RESULT unapplied tombstone=0\n"
        "0 login result=other actor=operator -> IGNORED_RESULT unapplied\n"
        "0 link result=failure app=x -> IGNORED_RESULT unapplied\n"},
    {"3: ACCOUNT_ERASED leaves positions and memo, nothing else, whoever did it",
        "policy cap=1/1h\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m link app=x -> ALERTED THIRD_PARTY_LINK apps=1\n"
        "2m login token=B -> SUPPRESSED_CAP COOKIES_CLEARED suppressed=1\n"
        "3m erased actor=operator -> FORGOTTEN applied envs=0 apps=0 memo=3 positions=1 suppressed=0 tombstone=1\n"
        "4m login token=A -> ALERTED FIRST_LOGIN before=0 envs=1 tombstone=0 memo=4\n"},
    {"3: ACCOUNT_ERASED of a member never seen is applied too",
        "0 erased -> FORGOTTEN applied tombstone=1 positions=1\n"
        "1m password -> IGNORED_KIND unapplied tombstone=1\n"
        "2m revoked token=A -> FORGOTTEN applied tombstone=1\n"},
    {"3: DEVICE_REVOKED drops that token's environments, all of them",
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=A browser=safari -> ALERTED NEW_BROWSER envs=2\n"
        "2m login token=B browser=safari -> ALERTED COOKIES_CLEARED envs=3\n"
        "3m revoked actor=operator token=A -> FORGOTTEN applied envs=1\n"
        "4m login token=A -> ALERTED NEW_BROWSER envs=2\n"},
    {"3: DEVICE_REVOKED without token drops none, and is applied",
        "0 login -> ALERTED FIRST_LOGIN\n"
        "1m revoked -> FORGOTTEN applied envs=1\n"
        "2m revoked token=A origin=invalid -> FORGOTTEN applied envs=1\n"},
    {"3: THIRD_PARTY_UNLINK drops the app",
        "0 link app=x -> ALERTED THIRD_PARTY_LINK apps=1\n"
        "1m link app=y -> ALERTED THIRD_PARTY_LINK apps=2\n"
        "2m unlink app=x actor=system -> FORGOTTEN applied apps=1\n"
        "3m unlink app=z -> FORGOTTEN applied apps=1\n"
        "4m link app=y -> KNOWN\n"
        "5m link app=x -> ALERTED THIRD_PARTY_LINK apps=2\n"},
    {"3: THIRD_PARTY_UNLINK without app is about the app \"\"",
        "0 link -> ALERTED THIRD_PARTY_LINK apps=1\n"
        "1m link app= -> KNOWN\n"
        "2m unlink -> FORGOTTEN apps=0\n"},
    {"3: actor not SELF",
        "0 login actor=operator token=A -> IGNORED_ACTOR unapplied envs=0\n"
        "1m link actor=system app=x -> IGNORED_ACTOR unapplied apps=0\n"
        "2m reauth actor=operator token=A -> IGNORED_ACTOR unapplied\n"
        "3m other actor=system -> IGNORED_ACTOR unapplied\n"},
    {"3: REAUTH and TOKEN_REFRESH touch the token's live environment of that browser",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "10d reauth token=A -> IGNORED_KIND unapplied\n"
        "11d reauth token=A -> IGNORED_KIND applied\n"
        "171d login token=A -> KNOWN applied\n"
        "182d refresh token=A channel=api -> IGNORED_KIND applied\n"
        "342d login token=A -> KNOWN applied\n"},
    {"3: REAUTH with another browser, token or none, or an expired one, touches nothing",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "20d reauth token=A browser=safari -> IGNORED_KIND unapplied envs=1\n"
        "20d refresh token=B -> IGNORED_KIND unapplied envs=1\n"
        "20d reauth -> IGNORED_KIND unapplied envs=1\n"
        "161d refresh token=A -> IGNORED_KIND unapplied envs=1\n"
        "161d login token=A -> ALERTED FIRST_LOGIN\n"},
    {"3: REAUTH touches the first remembered of several such environments",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "100d login token=Z model=x -> ALERTED NEW_DEVICE\n"
        "200d login token=A model=y -> ALERTED NEW_DEVICE envs=3\n"
        "50d reauth token=A -> IGNORED_KIND applied\n" /* both live for it */
        "210d login token=B -> ALERTED COOKIES_CLEARED envs=4\n"},
    {"3: REAUTH does not store the platform",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "11d reauth token=A model=iPad -> IGNORED_KIND applied\n"
        "12d login token=B model=iPad -> ALERTED NEW_DEVICE\n"},
    {"3: OTHER, PASSWORD_CHANGED, and LOGIN with channel API are ignored; a link by API is not",
        "0 other token=A -> IGNORED_KIND unapplied envs=0\n"
        "1m password token=A -> IGNORED_KIND unapplied envs=0\n"
        "2m login token=A channel=api -> IGNORED_KIND unapplied envs=0\n"
        "3m login token=A channel=other -> ALERTED FIRST_LOGIN envs=1\n"
        "4m link app=x channel=api -> ALERTED THIRD_PARTY_LINK\n"},

    /* rule 4 */
    {"4: a live app is touched and KNOWN; an unknown or expired one is a candidate that remembers it",
        "policy ttl=160d\n"
        "0 link app=x -> ALERTED THIRD_PARTY_LINK applied apps=1 envs=0\n"
        "10d link app=x -> KNOWN unapplied\n"
        "11d link app=x -> KNOWN applied\n"
        "171d link app=x -> KNOWN applied\n"
        "332d link app=x -> ALERTED THIRD_PARTY_LINK apps=1\n"
        "331d link app=y -> ALERTED THIRD_PARTY_LINK apps=2\n"},
    {"4: a link is no matter of browser, platform or token",
        "0 link app=x token=A -> ALERTED THIRD_PARTY_LINK\n"
        "1m link app=x token=B browser=safari model=iPad -> KNOWN\n"},

    /* rule 5 */
    {"5: nothing live at all: FIRST_LOGIN; a live app is something",
        "policy ttl=160d\n"
        "0 link app=x -> ALERTED THIRD_PARTY_LINK\n"
        "1m login token=A -> ALERTED NEW_DEVICE\n"
        "161d login token=A -> ALERTED FIRST_LOGIN\n"},
    {"5: a live app beside an expired environment",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "100d link app=x -> ALERTED THIRD_PARTY_LINK\n"
        "161d login token=A -> ALERTED NEW_DEVICE envs=1\n"},
    {"5: token and browser live: KNOWN on any platform, which is stored",
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=A model=iPad class=tablet -> KNOWN applied envs=1\n"
        "2m login token=B -> ALERTED NEW_DEVICE\n"
        "3m login token=C model=iPad class=tablet -> ALERTED COOKIES_CLEARED\n"},
    {"5: the platform is stored from an older event too",
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "-1d login token=A model=iPad -> KNOWN applied\n"
        "1m login token=B model=iPad -> ALERTED COOKIES_CLEARED\n"
        "2m login token=C -> ALERTED NEW_DEVICE\n"},
    {"5: of several environments of token and browser, the first remembered is met",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN envs=1\n"
        "100d login token=Z model=x -> ALERTED NEW_DEVICE envs=2\n"
        "200d login token=A model=y -> ALERTED NEW_DEVICE envs=3\n"
        "50d login token=A model=z -> KNOWN applied envs=3\n" /* both live for it: iPhone's becomes z */
        "201d login token=B model=y -> ALERTED COOKIES_CLEARED envs=4\n"},
    {"5: storing a platform may make two equal environments, and both stay",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "100d login token=Z model=x -> ALERTED NEW_DEVICE\n"
        "200d login token=A model=y -> ALERTED NEW_DEVICE envs=3\n"
        "50d login token=A model=y -> KNOWN applied envs=3\n"
        "370d login token=A model=y -> ALERTED FIRST_LOGIN envs=3\n"
        "371d login token=A model=y -> KNOWN unapplied envs=3\n"},
    {"5: the first remembered must be live",
        "policy ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "200d login token=A model=y -> ALERTED FIRST_LOGIN envs=2\n"
        "201d login token=A model=z -> KNOWN applied\n"
        "202d login token=B model=y -> ALERTED NEW_DEVICE\n"},
    {"5: token live only with other browsers: NEW_BROWSER, on any platform",
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=A browser=safari -> ALERTED NEW_BROWSER envs=2\n"
        "2m login token=A browser=edge model=iPad -> ALERTED NEW_BROWSER envs=3\n"
        "3m login token=A browser=safari -> KNOWN\n"},
    {"5: the token's other browser wins over a live platform and browser",
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=B browser=safari -> ALERTED NEW_BROWSER\n"
        "2m login token=A browser=safari -> ALERTED NEW_BROWSER\n"},
    {"5: platform and browser live: COOKIES_CLEARED, with another token or none",
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=B -> ALERTED COOKIES_CLEARED\n"
        "2m login -> ALERTED COOKIES_CLEARED envs=3\n"
        "3m login -> ALERTED COOKIES_CLEARED envs=3\n"},
    {"5: only the platform live: NEW_BROWSER; neither: NEW_DEVICE",
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=B browser=safari -> ALERTED NEW_BROWSER\n"
        "2m login token=C model=iPad -> ALERTED NEW_DEVICE\n"
        "3m login token=D browser=safari model=iPad -> ALERTED NEW_BROWSER\n"},
    {"5: platform of one and browser of another is no pair",
        "0 login token=A model=x browser=chrome -> ALERTED FIRST_LOGIN\n"
        "1m login token=B model=y browser=safari -> ALERTED NEW_DEVICE\n"
        "2m login token=C model=x browser=safari -> ALERTED NEW_BROWSER\n"},
    {"5: no-token=environment: platform and browser live are enough without a token",
        "policy no-token=environment ttl=160d\n"
        "0 login -> ALERTED FIRST_LOGIN\n"
        "1m login -> KNOWN unapplied envs=1\n"
        "11d login -> KNOWN applied\n"
        "12d login token=A -> ALERTED COOKIES_CLEARED envs=2\n"
        "13d login browser=safari -> ALERTED NEW_BROWSER envs=3\n"},
    {"5: no-token=environment touches the latest such environment, the first remembered of equals",
        "policy no-token=environment ttl=160d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1d login token=B -> ALERTED COOKIES_CLEARED\n"
        "1d login token=C -> ALERTED COOKIES_CLEARED\n"
        "100d login -> KNOWN applied\n"       /* touches B */
        "170d login token=C -> ALERTED COOKIES_CLEARED envs=3\n"
        "100d login token=A -> KNOWN applied\n"
        "259d login token=B -> KNOWN applied\n"},
    {"5: a candidate's equal triple gets the later last_seen and keeps its place",
        "policy ttl=160d\n"
        "0 login -> ALERTED FIRST_LOGIN envs=1\n"
        "-5d login -> ALERTED COOKIES_CLEARED envs=1\n"
        "160d login token=B -> ALERTED COOKIES_CLEARED envs=2\n"}, /* still live: last_seen stayed at 0 */
    {"5: IP and versions never make anything new",
        "0 login token=A ip=192.0.2.1 -> ALERTED FIRST_LOGIN\n"
        "1m login token=A ip=2001:db8::1 -> KNOWN unapplied\n"
        "2m login token=A ip=garbage -> KNOWN unapplied\n"},

    /* rule 6 */
    {"6: before seed-until every candidate is SEEDED, and remembered",
        "policy seed-until=1d\n"
        "0 login token=A -> SEEDED FIRST_LOGIN applied envs=1 memo=1\n"
        "1h login token=B -> SEEDED COOKIES_CLEARED envs=2\n"
        "2h link app=x -> SEEDED THIRD_PARTY_LINK apps=1\n"
        "23h59m login token=C browser=safari -> SEEDED NEW_BROWSER\n"
        "1d login token=D -> ALERTED COOKIES_CLEARED before=0\n"
        "1d login token=A -> KNOWN\n"},
    {"6: first-login=silent seeds FIRST_LOGIN only",
        "policy first=silent ttl=160d\n"
        "0 login token=A -> SEEDED FIRST_LOGIN\n"
        "1m login token=B -> ALERTED COOKIES_CLEARED\n"
        "2m link app=x -> ALERTED THIRD_PARTY_LINK\n"
        "400d login token=A -> SEEDED FIRST_LOGIN\n"},
    {"6: first-login=grace seeds FIRST_LOGIN of young accounts",
        "policy first=grace:10m\n"
        "10m login member=a created=0 token=A -> SEEDED FIRST_LOGIN\n"
        "11m login member=a created=11m token=B -> ALERTED COOKIES_CLEARED\n"},
    {"6: grace ends after D",
        "policy first=grace:10m\n"
        "10m1ms login created=0 token=A -> ALERTED FIRST_LOGIN\n"},
    {"6: grace holds for an account made after the login, and not without the time",
        "policy first=grace:10m ttl=1d\n"
        "0 login created=5m token=A -> SEEDED FIRST_LOGIN\n"
        "3d login token=A -> ALERTED FIRST_LOGIN\n"},
    {"6: cooldown: same reason, app, platform, browser and IP prefix",
        "policy cooldown=1h\n"
        "0 login token=A ip=192.0.2.1 -> ALERTED FIRST_LOGIN cooldowns=1\n"
        "1m login token=B ip=192.0.2.1 -> ALERTED COOKIES_CLEARED cooldowns=2\n"
        "2m login token=C ip=192.0.2.99 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED applied envs=3 suppressed=1 memo=3\n"
        "3m login token=C ip=192.0.2.1 -> KNOWN\n"
        "4m login token=D ip=192.0.3.1 -> ALERTED COOKIES_CLEARED before=1 cooldowns=3\n"
        "5m login token=E ip=192.0.2.1 browser=safari -> ALERTED NEW_BROWSER\n"
        "6m login token=F ip=192.0.2.1 browser=safari -> ALERTED COOKIES_CLEARED\n"
        "7m login token=G ip=192.0.2.1 model=iPad -> ALERTED NEW_DEVICE\n"
        "8m login token=H ip=192.0.2.1 app=x -> ALERTED COOKIES_CLEARED\n"},
    {"6: cooldown lasts less than its length, and starts with ALERTED only",
        "policy cooldown=1h\n"
        "0 login ip=192.0.2.1 -> ALERTED FIRST_LOGIN\n"
        "0 login ip=192.0.2.1 -> ALERTED COOKIES_CLEARED\n"
        "59m login ip=192.0.2.1 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"
        "59m59s999ms login ip=192.0.2.1 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"
        "1h login ip=192.0.2.1 -> ALERTED COOKIES_CLEARED before=2 cooldowns=2\n"
        "1h1m login ip=192.0.2.1 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"},
    {"6: cooldown holds for an older event",
        "policy cooldown=1h\n"
        "0 login ip=192.0.2.1 -> ALERTED FIRST_LOGIN\n"
        "0 login ip=192.0.2.1 -> ALERTED COOKIES_CLEARED\n"
        "-9d login ip=192.0.2.1 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"},
    {"6: no cooldown without IP, with one that cannot be parsed, or when it is off",
        "policy cooldown=1h\n"
        "0 login token=A -> ALERTED FIRST_LOGIN cooldowns=0\n"
        "1m login token=B -> ALERTED COOKIES_CLEARED\n"
        "2m login token=C -> ALERTED COOKIES_CLEARED\n"
        "3m login token=D ip=192.0.2 -> ALERTED COOKIES_CLEARED\n"
        "4m login token=E ip=192.0.2 -> ALERTED COOKIES_CLEARED cooldowns=0\n"
        "policy cooldown=0\n"
        "5m login token=F ip=192.0.2.1 -> ALERTED COOKIES_CLEARED\n"
        "6m login token=G ip=192.0.2.1 -> ALERTED COOKIES_CLEARED cooldowns=0\n"},
    {"6: IPv6 by /48, IPv4-mapped as IPv4",
        "policy cooldown=1h\n"
        "0 login token=A ip=2001:db8:1:1::1 -> ALERTED FIRST_LOGIN\n"
        "1m login token=B ip=2001:db8:1:1::1 -> ALERTED COOKIES_CLEARED\n"
        "2m login token=C ip=2001:DB8:1:ffff::2 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"
        "3m login token=D ip=2001:db8:2:1::1 -> ALERTED COOKIES_CLEARED\n"
        "4m login token=E ip=::ffff:192.0.2.1 -> ALERTED COOKIES_CLEARED\n"
        "5m login token=F ip=192.0.2.200 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"},
    {"6: eight cooldowns are kept, the latest ALERTED",
        "policy cooldown=10h cap=0\n"
        "0 login token=A ip=10.0.0.1 -> ALERTED FIRST_LOGIN cooldowns=1\n"
        "1m login token=B ip=10.0.1.1 -> ALERTED COOKIES_CLEARED\n"
        "2m login token=C ip=10.0.2.1 -> ALERTED COOKIES_CLEARED\n"
        "3m login token=D ip=10.0.3.1 -> ALERTED COOKIES_CLEARED\n"
        "4m login token=E ip=10.0.4.1 -> ALERTED COOKIES_CLEARED\n"
        "5m login token=F ip=10.0.5.1 -> ALERTED COOKIES_CLEARED\n"
        "6m login token=G ip=10.0.6.1 -> ALERTED COOKIES_CLEARED\n"
        "7m login token=H ip=10.0.7.1 -> ALERTED COOKIES_CLEARED cooldowns=8\n"
        "8m login token=I ip=10.0.8.1 -> ALERTED COOKIES_CLEARED cooldowns=8\n"
        "9m login token=J ip=10.0.1.1 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"
        "10m login token=K ip=10.0.9.1 -> ALERTED COOKIES_CLEARED cooldowns=8\n"
        "11m login token=L ip=10.0.1.1 -> ALERTED COOKIES_CLEARED cooldowns=8\n"},
    {"6: a cooldown of one millisecond is one",
        "policy cooldown=1ms\n"
        "0 login ip=192.0.2.1 -> ALERTED FIRST_LOGIN cooldowns=1\n"
        "0 login ip=192.0.2.1 -> ALERTED COOKIES_CLEARED cooldowns=2\n"
        "0 login ip=192.0.2.1 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"
        "1ms login ip=192.0.2.1 -> ALERTED COOKIES_CLEARED before=1\n"},
    {"6: a cap that was turned off holds nobody back",
        "policy cap=1/1h\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=B -> SUPPRESSED_CAP COOKIES_CLEARED\n"
        "policy cap=0\n"
        "2m login token=B -> ALERTED COOKIES_CLEARED before=1\n"},
    {"6: a window of 100 years starts with its first ALERTED too",
        "policy cap=2/36525d ttl=36525d\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "25000d login token=B -> ALERTED COOKIES_CLEARED\n"
        "25001d login token=C -> SUPPRESSED_CAP COOKIES_CLEARED\n"},
    {"6: cap: at most N ALERTED in a window that starts with its first",
        "policy cap=2/1h\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "59m login token=B -> ALERTED COOKIES_CLEARED\n"
        "59m30s login token=C -> SUPPRESSED_CAP COOKIES_CLEARED applied envs=2 memo=3 suppressed=1\n"
        "59m59s999ms login token=C -> SUPPRESSED_CAP COOKIES_CLEARED envs=2 suppressed=2\n"
        "1h login token=C -> ALERTED COOKIES_CLEARED before=2 envs=3\n"
        "1h1m login token=D -> ALERTED COOKIES_CLEARED before=0\n"
        "1h59m login token=E -> SUPPRESSED_CAP COOKIES_CLEARED\n"
        "2h login token=E -> ALERTED COOKIES_CLEARED before=1\n"},
    {"6: an event older than the window's start counts as inside",
        "policy cap=1/1h\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "-300d login token=B -> SUPPRESSED_CAP COOKIES_CLEARED\n"
        "1h login token=B -> ALERTED COOKIES_CLEARED\n"
        "0 login token=C -> SUPPRESSED_CAP COOKIES_CLEARED\n"},
    {"6: links have a window of their own",
        "policy cap=1/1h\n"
        "0 login token=A -> ALERTED FIRST_LOGIN\n"
        "1m login token=B -> SUPPRESSED_CAP COOKIES_CLEARED\n"
        "2m link app=x -> ALERTED THIRD_PARTY_LINK before=1 apps=1\n"
        "3m link app=y -> SUPPRESSED_CAP THIRD_PARTY_LINK apps=1\n"
        "1h login token=B -> ALERTED COOKIES_CLEARED before=1\n"
        "1h1m link app=y -> SUPPRESSED_CAP THIRD_PARTY_LINK apps=1\n"
        "1h2m link app=y -> ALERTED THIRD_PARTY_LINK before=1 apps=2\n"},
    {"6: cooldown comes before the cap, seeding before both; neither counts in the window",
        "policy cap=2/1h cooldown=1h seed-until=1m\n"
        "0 login token=A ip=192.0.2.1 -> SEEDED FIRST_LOGIN cooldowns=0\n"
        "1m login token=B ip=192.0.2.1 -> ALERTED COOKIES_CLEARED\n"
        "2m login token=C ip=192.0.2.1 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED\n"
        "3m login token=D ip=192.0.3.1 -> ALERTED COOKIES_CLEARED before=1\n"
        "4m login token=E ip=192.0.2.1 -> SUPPRESSED_COOLDOWN COOKIES_CLEARED envs=5\n"
        "5m login token=F ip=192.0.4.1 -> SUPPRESSED_CAP COOKIES_CLEARED envs=5\n"},
    {"6: SEEDED leaves suppressed as it is",
        "policy cap=1/1h first=silent\n"
        "0 login token=A -> SEEDED FIRST_LOGIN\n"
        "0 login token=B -> ALERTED COOKIES_CLEARED\n"
        "1m login token=C -> SUPPRESSED_CAP COOKIES_CLEARED suppressed=1\n"
        "500d login token=C -> SEEDED FIRST_LOGIN suppressed=1\n"
        "500d login token=D -> ALERTED COOKIES_CLEARED before=1 suppressed=0\n"},
};

#endif
