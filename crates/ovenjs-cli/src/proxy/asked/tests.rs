use http::{Method, Request};

use super::*;

#[test]
fn a_path_below_api_is_one_of_discords() {
    let of = |path: &str| read(path, &[]).map(|asked| asked.raw.route());
    let post = "GET /channels/{channel_id}/messages";
    for path in [
        "/api/v10/channels/7/messages?limit=1",
        "/api/v9/channels/7/messages",
        "/api/channels/7/messages",
    ] {
        assert_eq!(of(path).unwrap(), post, "{path}");
    }
    // A word that begins with the letter is no version.
    assert_eq!(of("/api/voice/regions").unwrap(), "GET /voice/regions");
    for path in [
        "/",
        "/api",
        "/apiv10/users/@me",
        "/users/@me",
        "/api/v1000/users/@me",
    ] {
        let refusal = of(path).unwrap_err();
        assert_eq!(refusal.status, StatusCode::NOT_FOUND, "{path}");
        assert!(refusal.text.contains("base URL"));
    }
    assert_eq!(
        of("/api/v10/a/../b").unwrap_err().status,
        StatusCode::BAD_REQUEST
    );
    let head = head(Method::OPTIONS, "/api/v10/users/@me", &[]);
    let refusal = Asked::read(&head, None).unwrap_err();
    assert_eq!(refusal.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn whoever_shows_a_token_has_limits_of_their_own() {
    let shows = |path: &str, headers: &[(&str, &str)], token: Option<&str>| {
        let head = head(Method::GET, path, headers);
        Asked::read(&head, token).map(|asked| match asked.shows {
            Shows::Token(shown) => shown.expose().to_owned(),
            Shows::Nothing => String::new(),
        })
    };
    let (me, hook) = ("/api/v10/users/@me", "/api/v10/webhooks/7/tok-3N");
    let own: &[_] = &[("authorization", "Bot own")];
    assert_eq!(shows(me, own, None).unwrap(), "Bot own");
    assert_eq!(shows(me, own, Some("Bot given")).unwrap(), "Bot own");
    assert_eq!(shows(me, &[], Some("Bot given")).unwrap(), "Bot given");
    let bearer: &[_] = &[("authorization", "Bearer ann")];
    assert_eq!(shows(me, bearer, None).unwrap(), "Bearer ann");
    // The token in the path is the permission: the other one is nobody's business.
    assert_eq!(shows(hook, own, None).unwrap(), "");
    let basic: &[_] = &[("authorization", "Basic YTpi")];
    assert_eq!(shows(me, basic, None).unwrap(), "");
    let token = head(Method::POST, "/api/v10/oauth2/token", &[]);
    let asked = Asked::read(&token, Some("Bot given")).unwrap();
    assert!(matches!(asked.shows, Shows::Nothing));
    let refusal = shows(me, &[], None).unwrap_err();
    assert_eq!(refusal.status, StatusCode::UNAUTHORIZED);
}

#[test]
fn a_request_says_how_urgent_it_is() {
    let terms = |name, value| {
        let asked = read("/api/v10/users/@me", &[(name, value)]);
        asked.map(|asked| (asked.terms.priority, asked.terms.deadline))
    };
    let bulk = terms("x-oven-priority", "bulk").unwrap();
    assert_eq!(bulk, (Some(Priority::Bulk), None));
    let hurry = terms("X-Oven-Deadline", "2.5").unwrap();
    assert_eq!(hurry, (None, Some(Duration::from_millis(2_500))));
    for (name, value) in [
        ("x-oven-priority", "urgent"),
        ("x-oven-deadline", "-1"),
        ("x-oven-deadline", "soon"),
        ("x-oven-deadline", "NaN"),
    ] {
        let refusal = terms(name, value).unwrap_err();
        assert!(refusal.text.contains(name), "{}", refusal.text);
    }
}

#[test]
fn what_neighbours_say_to_each_other_stays_with_them() {
    let headers = [
        ("connection", "close, X-Hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("x-forwarded-for", "10.0.0.7"),
        ("x-oven-priority", "bulk"),
        ("expect", "100-continue"),
        ("x-audit-log-reason", "why"),
        ("user-agent", "DiscordBot (x, 1)"),
        ("accept-language", "de"),
        ("accept-language", "en"),
    ];
    let asked = read("/api/v10/users/@me", &headers).unwrap();
    let names: Vec<_> = asked.raw.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(
        names,
        ["x-audit-log-reason", "user-agent", "accept-language"]
    );
    // What is said twice is said twice.
    let languages = asked.raw.headers().get_all("accept-language");
    assert_eq!(languages.iter().collect::<Vec<_>>(), ["de", "en"]);
}

fn read(path: &str, headers: &[(&str, &str)]) -> Result<Asked, Refusal> {
    Asked::read(&head(Method::GET, path, headers), Some("Bot given"))
}

fn head(method: Method, path: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}
