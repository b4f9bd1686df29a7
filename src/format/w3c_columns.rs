//! Which columns of a W3C log say what.

/// What a column is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Column {
    /// Nothing.
    Other,
    /// `2025-10-21`.
    Date,
    /// `04:01:45`.
    Time,
    /// The client's address.
    Client,
    /// The user.
    User,
    /// The host that the client asked for, where another column is called the host too (CloudFront).
    HostHeader,
    /// The virtual host.
    Host,
    /// The server's name.
    Computer,
    /// The method.
    Method,
    /// Path and query.
    Uri,
    /// The path.
    UriStem,
    /// The query.
    UriQuery,
    /// The protocol.
    Protocol,
    /// The status.
    Status,
    /// Bytes to the client.
    BytesSent,
    /// Bytes from the client.
    BytesRead,
    /// The duration.
    TimeTaken,
    /// The referrer.
    Referrer,
    /// The user agent.
    Agent,
}

impl Column {
    /// How many there are.
    pub const COUNT: usize = Column::Agent as usize + 1;
}

/// The columns that are known; names are told apart in lower case.
const KNOWN: [(&str, Column); 21] = [
    ("date", Column::Date),
    ("time", Column::Time),
    ("c-ip", Column::Client),
    ("cs-username", Column::User),
    ("x-host-header", Column::HostHeader),
    ("cs-host", Column::Host),
    ("cs(host)", Column::Host),
    ("s-computername", Column::Computer),
    ("cs-method", Column::Method),
    ("cs-uri", Column::Uri),
    ("cs-uri-stem", Column::UriStem),
    ("cs-uri-query", Column::UriQuery),
    ("cs-version", Column::Protocol),
    ("cs-protocol-version", Column::Protocol),
    ("sc-status", Column::Status),
    ("sc-bytes", Column::BytesSent),
    ("cs-bytes", Column::BytesRead),
    ("time-taken", Column::TimeTaken),
    ("cs(referer)", Column::Referrer),
    ("cs(referrer)", Column::Referrer),
    ("cs(user-agent)", Column::Agent),
];

/// The column that a name in `#Fields:` stands for.
pub fn column(name: &[u8]) -> Column {
    let known = KNOWN.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
    known.map_or(Column::Other, |(_, column)| *column)
}
