//! A port of 127.0.0.1 that leads to a port of a gateway's container, wherever that is at the moment.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;

/// Copies bytes as long as this process lives.
#[derive(Debug)]
pub struct Forward {
    /// The port.
    pub port: u16,
}

impl Forward {
    /// Listens, for the port `port` of the container `name`.
    ///
    /// # Panics
    /// Where no port is free.
    pub fn to(name: String, port: u16, variables: Vec<(String, std::ffi::OsString)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut inspect = Command::new("docker");
                let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
                inspect
                    .args(["inspect", "--format", format, &name])
                    .envs(variables.clone());
                let address = inspect.output().map(|output| output.stdout).unwrap_or_default();
                let address = format!("{}:{port}", String::from_utf8_lossy(&address).trim());
                if let Ok(server) = TcpStream::connect(&address) {
                    pump(&client, &server);
                    pump(&server, &client);
                }
            }
        });
        Self { port: own }
    }
}

fn pump(from: &TcpStream, to: &TcpStream) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else {
        return;
    };
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
