//! TLS: our certificate, whose certificates may send, and the plain bytes of one connection.

use super::address::TlsFiles;
use super::error::{NetError, Problem};
use super::stream::Read;
use mio::net::TcpStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

/// What all connections to the listener `name` share.
pub(super) fn config(name: &str, files: &TlsFiles) -> Result<Arc<ServerConfig>, NetError> {
    let fail = |problem| NetError::new(name, problem);
    let chain = certificates(name, &files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|cause| fail(Problem::Tls(files.key.clone(), "private key", cause.to_string())))?;
    // Named, not the process-wide default: a library does not decide for its program.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|cause| fail(Problem::TlsPair(cause.to_string())))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let wrong = |why| fail(Problem::Tls(path.clone(), "certificate authority", why));
            let mut roots = RootCertStore::empty();
            for certificate in certificates(name, path)? {
                roots.add(certificate).map_err(|cause| wrong(cause.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|cause| wrong(cause.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|cause| fail(Problem::TlsPair(cause.to_string())))?;
    // Senders of logs stay connected: to resume a session is not worth its memory, nor the writes of its tickets.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

fn certificates(name: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let wrong = |why: String| NetError::new(name, Problem::Tls(path.to_owned(), "certificate", why));
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err(wrong("it holds none".to_owned())),
        Ok(found) => Ok(found),
        Err(cause) => Err(wrong(cause.to_string())),
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) socket: TcpStream,
    session: ServerConnection,
    /// What the stream ended with, where plain bytes before it had to be handed over first.
    ended: Option<Read>,
}

impl Tls {
    /// The server's side of a connection just accepted.
    pub(super) fn new(socket: TcpStream, config: Arc<ServerConfig>) -> Result<Tls, rustls::Error> {
        Ok(Tls { socket, session: ServerConnection::new(config)?, ended: None })
    }

    /// Whether the sender has not proved yet that it speaks TLS.
    pub(super) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// Reads once into `cipher` and decrypts to `room`, which is at least 16 KiB (one record) larger.
    pub(super) fn read(&mut self, cipher: &mut [u8], room: &mut [u8]) -> Read {
        if let Some(ended) = self.ended.take() {
            return ended;
        }
        let count = match self.socket.read(cipher) {
            Ok(0) if self.is_handshaking() => return Read::Handshake("the sender ended it".to_owned()),
            Ok(0) => return Read::Cut,
            Ok(count) => count,
            Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Read::Nothing;
            }
            Err(cause) => return Read::Broken(cause),
        };
        let more = count == cipher.len();
        let (filled, ended) = self.decrypt(&cipher[..count], room);
        // The answer of the handshake, or the alert that says what is wrong.
        let written = self.flush();
        match (ended, written) {
            (None, Ok(())) => Read::Some { count: filled, more },
            (ended, written) => {
                let ended = ended.or(written.err().map(Read::Broken)).unwrap_or(Read::End);
                if filled == 0 {
                    return ended;
                }
                self.ended = Some(ended);
                Read::Some { count: filled, more: true }
            }
        }
    }

    /// Decrypts `cipher`: how many bytes there are in `room`, and whether the stream ended behind them.
    fn decrypt(&mut self, mut cipher: &[u8], room: &mut [u8]) -> (usize, Option<Read>) {
        let mut filled = 0;
        while !cipher.is_empty() {
            if let Err(cause) = self.session.read_tls(&mut cipher) {
                return (filled, Some(Read::Broken(cause)));
            }
            let was_handshaking = self.session.is_handshaking();
            let result = self.session.process_new_packets();
            loop {
                match self.session.reader().read(&mut room[filled..]) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => filled += count,
                }
            }
            match result {
                Ok(state) if state.peer_has_closed() => return (filled, Some(Read::End)),
                Ok(_) => {}
                Err(cause) if was_handshaking => return (filled, Some(Read::Handshake(cause.to_string()))),
                Err(cause) => return (filled, Some(Read::Broken(io::Error::new(ErrorKind::InvalidData, cause)))),
            }
        }
        (filled, None)
    }

    /// Writes what the protocol has to say, as far as the kernel takes it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(cause) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => break,
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }

    /// Says that we will end, so that the sender does.
    pub(super) fn say_end(&mut self) {
        self.session.send_close_notify();
        // A sender that is gone needs no good-bye.
        let _ = self.flush();
    }
}
