//! The statuses that GoAccess knows, with the texts by which its report names them.
//!
//! A line with any other status fails. The numbers and texts are GoAccess 1.11's, to the letter, since they are the keys
//! by which two reports are compared: also where the text names another status (461, 462 and 528).
//!
//! Source: `src/util.c` and `src/labels.h` of GoAccess, (c) Gerardo Orellana, MIT licence.

/// Status and text, ascending.
const TEXTS: &[(u16, &str)] = &[
    (0, "0 - Caddy: Unhandled - No configured routes"),
    (100, "100 - Continue: Server received the initial part of the request"),
    (101, "101 - Switching Protocols: Client asked to switch protocols"),
    (200, "200 - OK: The request sent by the client was successful"),
    (201, "201 - Created: The request has been fulfilled and created"),
    (202, "202 - Accepted: The request has been accepted for processing"),
    (203, "203 - Non-authoritative Information: Response from a third party"),
    (204, "204 - No Content: Request did not return any content"),
    (205, "205 - Reset Content: Server asked the client to reset the document"),
    (206, "206 - Partial Content: The partial GET has been successful"),
    (207, "207 - Multi-Status: WebDAV; RFC 4918"),
    (208, "208 - Already Reported: WebDAV; RFC 5842"),
    (218, "218 - This is fine: Apache servers. A catch-all error condition"),
    (300, "300 - Multiple Choices: Multiple options for the resource"),
    (301, "301 - Moved Permanently: Resource has permanently moved"),
    (302, "302 - Moved Temporarily (redirect)"),
    (303, "303 - See Other Document: The response is at a different URI"),
    (304, "304 - Not Modified: Resource has not been modified"),
    (305, "305 - Use Proxy: Can only be accessed through the proxy"),
    (307, "307 - Temporary Redirect: Resource temporarily moved"),
    (308, "308 - Permanent Redirect"),
    (400, "400 - Bad Request: The syntax of the request is invalid"),
    (401, "401 - Unauthorized: Request needs user authentication"),
    (402, "402 - Payment Required"),
    (403, "403 - Forbidden: Server is refusing to respond to it"),
    (404, "404 - Not Found: Requested resource could not be found"),
    (405, "405 - Method Not Allowed: Request method not supported"),
    (406, "406 - Not Acceptable"),
    (407, "407 - Proxy Authentication Required"),
    (408, "408 - Request Timeout: Server timed out waiting for the request"),
    (409, "409 - Conflict: Conflict in the request"),
    (410, "410 - Gone: Resource requested is no longer available"),
    (411, "411 - Length Required: Invalid Content-Length"),
    (412, "412 - Precondition Failed: Server does not meet preconditions"),
    (413, "413 - Payload Too Large"),
    (414, "414 - Request-URI Too Long"),
    (415, "415 - Unsupported Media Type: Media type is not supported"),
    (416, "416 - Requested Range Not Satisfiable: Cannot supply that portion"),
    (417, "417 - Expectation Failed"),
    (418, "418 - I'm a teapot"),
    (419, "419 - Page Expired: Laravel Framework when a CSRF Token is missing"),
    (420, "420 - Method Failure: Spring Framework when a method has failed"),
    (421, "421 - Misdirected Request"),
    (422, "422 - Unprocessable Entity due to semantic errors: WebDAV"),
    (423, "423 - The resource that is being accessed is locked"),
    (424, "424 - Failed Dependency: WebDAV"),
    (426, "426 - Upgrade Required: Client should switch to a different protocol"),
    (428, "428 - Precondition Required"),
    (429, "429 - Too Many Requests: The user has sent too many requests"),
    (430, "430 - Request Header Fields Too Large: Too many URLs are requested within a certain time frame"),
    (431, "431 - Request Header Fields Too Large"),
    (440, "440 - Login Time-out: The client's session has expired"),
    (444, "444 - (Nginx) Connection closed without sending any headers"),
    (449, "449 - Retry With: The server cannot honour the request"),
    (450, "450 - Blocked by Windows Parental Controls: The Microsoft extension code indicated"),
    (451, "451 - Unavailable For Legal Reasons"),
    (460, "460 - AWS Elastic Load Balancing: Client closed the connection "),
    (461, "463 - AWS Elastic Load Balancing: The load balancer received more than 30 IP addresses"),
    (462, "464 - AWS Elastic Load Balancing: Incompatible protocol versions"),
    (494, "494 - (Nginx) Request Header Too Large"),
    (495, "495 - (Nginx) SSL client certificate error"),
    (496, "496 - (Nginx) Client didn't provide certificate"),
    (497, "497 - (Nginx) HTTP request sent to HTTPS port"),
    (498, "498 - Invalid Token: an expired or otherwise invalid token"),
    (499, "499 - (Nginx) Connection closed by client while processing request"),
    (500, "500 - Internal Server Error"),
    (501, "501 - Not Implemented"),
    (502, "502 - Bad Gateway: Received an invalid response from the upstream"),
    (503, "503 - Service Unavailable: The server is currently unavailable"),
    (504, "504 - Gateway Timeout: The upstream server failed to send request"),
    (505, "505 - HTTP Version Not Supported"),
    (509, "509 - Bandwidth Limit Exceeded: The server has exceeded the bandwidth"),
    (520, "520 - CloudFlare - Web server is returning an unknown error"),
    (521, "521 - CloudFlare - Web server is down"),
    (522, "522 - CloudFlare - Connection timed out"),
    (523, "523 - CloudFlare - Origin is unreachable"),
    (524, "524 - CloudFlare - A timeout occurred"),
    (525, "525 - SSL Handshake Failed: Cloudflare could not negotiate a SSL/TLS handshake"),
    (526, "526 - Invalid SSL Certificate: Cloudflare could not validate the SSL certificate"),
    (527, "527 - Railgun Error: An interrupted connection"),
    (528, "529 - Site is overloaded: A site can not process the request"),
    (530, "530 - Site is frozen: A site has been frozen due to inactivity"),
    (540, "540 - Temporarily Disabled: The requested endpoint has been temporarily disabled"),
    (561, "561 - Unauthorized: An error around authentication"),
    (598, "598 - Network read timeout error: some HTTP proxies to signal a network read timeout"),
    (599, "599 - Network Connect Timeout Error: An error used by some HTTP proxies"),
];

/// The parents of the texts, by the first of three digits.
const CLASSES: [&str; 6] = [
    "0xx Unofficial Codes",
    "1xx Informational",
    "2xx Success",
    "3xx Redirection",
    "4xx Client Errors",
    "5xx Server Errors",
];

/// The text of a known status.
pub fn text(status: u16) -> Option<&'static str> {
    let at = TEXTS.binary_search_by_key(&status, |(known, _)| *known).ok()?;
    TEXTS.get(at).map(|(_, text)| *text)
}

/// The class of a known status.
pub fn class(status: u16) -> &'static str {
    CLASSES.get(usize::from(status / 100)).copied().unwrap_or("Unknown")
}

/// A known status as a log writes it: digits, a sign before them or not.
pub fn parse(text: &[u8]) -> Option<u16> {
    let status = std::str::from_utf8(text).ok()?.parse::<i32>().ok()?;
    u16::try_from(status).ok().filter(|status| self::text(*status).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(TEXTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_known_status_has_a_text_and_a_class() {
        for (written, expected) in [
            ("200", Some(("200 - OK: The request sent by the client was successful", "2xx Success"))),
            ("0", Some(("0 - Caddy: Unhandled - No configured routes", "0xx Unofficial Codes"))),
            ("+0404", Some(("404 - Not Found: Requested resource could not be found", "4xx Client Errors"))),
            ("-0", Some(("0 - Caddy: Unhandled - No configured routes", "0xx Unofficial Codes"))),
            ("425", None),
            ("600", None),
            ("65736", None),
            ("-200", None),
            ("2e2", None),
            ("", None),
        ] {
            let status = parse(written.as_bytes());
            assert_eq!(status.and_then(|status| Some((text(status)?, class(status)))), expected, "{written}");
        }
    }
}
