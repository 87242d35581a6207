//! A server of a test on a thread of its own, which ends with the value.

use std::net::SocketAddr;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The thread. Dropping it ends the server and its connections.
pub struct Background {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Listens on a free port of 127.0.0.1 and hands each connection to what `prepare` returns.
    pub fn start<P, C, F>(prepare: impl FnOnce() -> P + Send + 'static) -> Self
    where
        P: Future<Output = C>,
        C: Fn(TcpStream) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let (started, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let serve = prepare().await;
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                started
                    .send(listener.local_addr().expect("an address"))
                    .expect("the test waits");
                let accept = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve(stream));
                    }
                };
                tokio::select! {
                    () = accept => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Self {
            address: address.recv().expect("the server starts"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
