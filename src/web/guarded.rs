//! A connection whose peer must go on reading what it asked for. hyper gives up who is slow to ask;
//! who asks and then does not read would otherwise keep a reply, and a place, for ever.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// How long a reply may be stuck, or take for each portion.
const PATIENCE: Duration = Duration::from_secs(6);
/// Bytes that a slow reader has to take in that time: 11 KB a second.
const PORTION: usize = 64 * 1024;

pub struct Guarded {
    stream: TcpStream,
    patience: Duration,
    /// Since when the peer is waited for; nobody, most of the time.
    stuck: Option<Pin<Box<Sleep>>>,
    /// What it took since.
    taken: usize,
}

impl Guarded {
    pub fn new(stream: TcpStream) -> Guarded {
        Guarded { stream, patience: PATIENCE, stuck: None, taken: 0 }
    }

    /// The bare connection, for whoever watches over it from now on.
    pub fn into_inner(self) -> TcpStream {
        self.stream
    }

    /// Takes note of what came of writing `all` bytes.
    fn watch(
        &mut self,
        context: &mut Context<'_>,
        all: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) if bytes < all => {
                self.taken += bytes;
                if let Some(stuck) = &mut self.stuck
                    && self.taken >= PORTION
                {
                    stuck.as_mut().reset(Instant::now() + self.patience);
                    self.taken = 0;
                }
            }
            Poll::Ready(_) => (self.stuck, self.taken) = (None, 0),
            Poll::Pending => {
                let patience = self.patience;
                let stuck =
                    self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
                if stuck.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        written
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = slices.iter().map(|slice| slice.len()).sum();
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, all, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// How many connections come from each address.
#[derive(Clone, Default)]
pub struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A place among the connections of an address.
pub struct Place {
    addresses: Addresses,
    address: IpAddr,
}

impl Addresses {
    /// A place for one more, if there are fewer than `most`.
    pub fn admit(&self, address: IpAddr, most: usize) -> Option<Place> {
        let mut counts = self.0.lock().expect("nobody panics while holding it");
        let count = counts.entry(address).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { addresses: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.addresses.0.lock().expect("nobody panics while holding it");
        let count = counts.get_mut(&self.address).expect("it was admitted");
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(500);

    async fn pair() -> (Guarded, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (peer, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let guarded = Guarded { patience: PATIENCE, ..Guarded::new(accepted.unwrap().0) };
        (guarded, peer.unwrap())
    }

    #[tokio::test]
    async fn who_does_not_read_is_given_up() {
        let (mut guarded, _silent) = pair().await;
        let sent = async { guarded.write_all(&vec![7; 64 << 20]).await };
        let ended = tokio::time::timeout(Duration::from_secs(20), sent).await;
        assert_eq!(ended.expect("in time").unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_reads_slowly_but_steadily_gets_all() {
        let (mut guarded, mut slow) = pair().await;
        let all = vec![7; 64 << 20];
        let count = all.len();
        let sent = tokio::spawn(async move { guarded.write_all(&all).await });
        let started = Instant::now();
        let mut buffer = vec![0; 1 << 20];
        while started.elapsed() < 4 * PATIENCE {
            slow.read_exact(&mut buffer).await.unwrap();
            tokio::time::sleep(PATIENCE / 10).await;
        }
        let mut rest = Vec::new();
        slow.read_to_end(&mut rest).await.unwrap();
        sent.await.unwrap().unwrap();
        assert!(rest.len() < count && rest.len() % (1 << 20) == 0);
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let (addresses, one) = (Addresses::default(), IpAddr::from([127, 0, 0, 1]));
        let places: Vec<_> = (0..3).map(|_| addresses.admit(one, 3).unwrap()).collect();
        assert!(addresses.admit(one, 3).is_none());
        assert!(addresses.admit([127, 0, 0, 2].into(), 3).is_some());
        drop(places);
        assert!(addresses.admit(one, 3).is_some());
        assert!(addresses.0.lock().unwrap().is_empty());
    }
}
