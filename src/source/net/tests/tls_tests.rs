//! TLS, with certificates made here.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;

/// A certificate and its key, PEM.
struct Pair {
    certificate: String,
    key: String,
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn signed(name: &str, authority: &CertifiedIssuer<'static, KeyPair>) -> Pair {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// A listener; whether senders need a certificate.
fn server(folder: &Path, authority: &CertifiedIssuer<'static, KeyPair>, asks: bool, clock: Clock) -> (Net, SocketAddr) {
    let pair = signed("localhost", authority);
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let files = TlsFiles {
        certificate: write("server.pem", &pair.certificate),
        key: write("server.key", &pair.key),
        client_ca: asks.then(|| write("ca.pem", &authority.pem())),
    };
    let source = Source::Listen(Listen {
        address: "tls://127.0.0.1:0".parse().unwrap(),
        framing: Framing::Auto,
        tls: Some(files),
    });
    let bound = Bound::open(&[source], &Limits::default(), clock).unwrap();
    let address = bound.local_address(SourceId(0)).unwrap();
    (bound.share(1).unwrap().remove(0), address)
}

type Sender = StreamOwned<ClientConnection, TcpStream>;

fn sender(address: SocketAddr, authority: &CertifiedIssuer<'static, KeyPair>, own: Option<&Pair>) -> Sender {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(pair) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(session, TcpStream::connect(address).unwrap())
}

#[test]
fn lines_come_through_and_the_end_is_vouched_for() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    let (mut net, address) = server(folder.path(), &authority, false, Arc::new(clock::monotonic));
    let mut heard = Heard::default();
    let mut sender = sender(address, &authority, None);
    let sending = std::thread::spawn(move || {
        for number in 0..100_000 {
            writeln!(sender, "line {number}").unwrap();
        }
        sender.write_all(b"cut").unwrap();
        sender.conn.send_close_notify();
        sender.flush().unwrap();
    });
    until(&mut net, &mut heard, |heard| !heard.closed.is_empty());
    sending.join().unwrap();
    let expected: String = (0..100_000).map(|number| format!("line {number}\n")).collect();
    assert!(heard.all() == expected + "cut\n");
    assert_eq!(heard.reasons(), [("end", true)]);
}

#[test]
fn an_end_without_the_closing_message_is_told_as_a_cut() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    let (mut net, address) = server(folder.path(), &authority, false, Arc::new(clock::monotonic));
    let mut heard = Heard::default();
    let mut sender = sender(address, &authority, None);
    let sending = std::thread::spawn(move || {
        sender.write_all(b"one\ntwo").unwrap();
        sender.flush().unwrap();
        sender.sock.shutdown(Shutdown::Write).unwrap();
        sender
    });
    until(&mut net, &mut heard, |heard| !heard.closed.is_empty());
    drop(sending.join().unwrap());
    assert_eq!(heard.all(), "one\ntwo\n");
    assert_eq!(heard.reasons(), [("cut", true)]);
}

#[test]
fn only_senders_with_a_certificate_of_the_authority_may_send_where_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, stranger) = (authority(), authority());
    let (mut net, address) = server(folder.path(), &authority, true, Arc::new(clock::monotonic));
    let mut heard = Heard::default();
    let (known, unknown) = (signed("sender", &authority), signed("sender", &stranger));
    for (round, (own, is_let_in)) in
        [(Some(&known), true), (None, false), (Some(&unknown), false)].into_iter().enumerate()
    {
        let mut sender = sender(address, &authority, own);
        let sending = std::thread::spawn(move || {
            // Whoever is refused may learn it by the write or by the read after it.
            let written = sender.write_all(b"line\n").and_then(|()| sender.flush());
            sender.conn.send_close_notify();
            let _ = sender.flush();
            written.is_ok() && sender.read(&mut [0; 1]).is_ok()
        });
        until(&mut net, &mut heard, |heard| heard.closed.len() > round);
        sending.join().unwrap();
        assert_eq!(heard.reasons()[round].0, if is_let_in { "end" } else { "handshake" });
    }
    assert_eq!(heard.all(), "line\n");
    assert!(heard.told[1].starts_with("TLS handshake failed: "), "{:?}", heard.told);
}

#[test]
fn garbage_and_half_a_handshake_harm_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, hand) = (authority(), Hand::new());
    let (mut net, address) = server(folder.path(), &authority, false, hand.clock());
    let mut heard = Heard::default();
    let mut http = TcpStream::connect(address).unwrap();
    http.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    until(&mut net, &mut heard, |heard| heard.closed.len() == 1);
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(&[22, 3, 1, 2, 0, 1, 0]).unwrap();
    until(&mut net, &mut heard, |heard| heard.opened.len() == 2);
    hand.forward(Duration::from_secs(11));
    until(&mut net, &mut heard, |heard| heard.closed.len() == 2);
    let gone = TcpStream::connect(address).unwrap();
    drop(gone);
    until(&mut net, &mut heard, |heard| heard.closed.len() == 3);
    assert_eq!(heard.reasons(), [("handshake", false), ("handshake_timeout", false), ("handshake", false)]);
    assert_eq!(heard.all(), "");
}

#[test]
fn files_that_are_no_certificates_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, other) = (signed("localhost", &authority()), signed("localhost", &authority()));
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("certificate"), &pair.certificate).unwrap();
    std::fs::write(path("key"), &pair.key).unwrap();
    std::fs::write(path("other"), &other.key).unwrap();
    std::fs::write(path("empty"), "").unwrap();
    let cases = [
        ("no file", "absent", "key", None, "absent has no usable certificate"),
        ("an empty certificate", "empty", "key", None, "empty has no usable certificate (it holds none)"),
        ("a certificate as key", "certificate", "certificate", None, "certificate has no usable private key"),
        ("another's key", "certificate", "other", None, "certificate and key cannot be used"),
        ("an empty authority", "certificate", "key", Some("empty"), "empty has no usable certificate"),
    ];
    for (what, certificate, key, client_ca, expected) in cases {
        let tls = TlsFiles { certificate: path(certificate), key: path(key), client_ca: client_ca.map(path) };
        let source = Source::Listen(Listen {
            address: "tls://127.0.0.1:0".parse().unwrap(),
            framing: Framing::Auto,
            tls: Some(tls),
        });
        let error = Bound::open(&[source], &Limits::default(), Arc::new(clock::monotonic)).unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}
