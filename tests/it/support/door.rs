//! nginx with `nginx.conf` as it stands, but for names and ports; and a bridge that speaks TLS with
//! it for clients who do not.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::client::Http;
use super::process::signal;
use super::server::listen;
use super::{Browser, Client, eventually, free_port};

const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

pub struct Door {
    nginx: Child,
    dir: PathBuf,
    log: Arc<Mutex<String>>,
    /// Where it speaks TLS, and where it sends people on from.
    pub tls: u16,
    pub plain: u16,
    /// Where its TLS is somebody else's business.
    bridge: SocketAddr,
    http: Http,
}

impl Door {
    /// In front of these two; nothing, with a word, where there is no nginx.
    pub async fn before(apps: [SocketAddr; 2]) -> Option<Door> {
        let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
        let Some(program) =
            program.iter().find(|program| std::fs::exists(program).is_ok_and(|is| is))
        else {
            eprintln!("NOT TRIED: there is no nginx here (bin/need nginx:nginx)");
            return None;
        };
        // Its workers are somebody else, who must reach it too.
        let dir = std::env::temp_dir().join(format!("orderboard-door-{:08x}", fastrand::u32(..)));
        std::fs::create_dir(&dir).expect("a directory");
        let (tls, plain) = (free_port(), free_port());
        make_certificate(&dir);
        std::fs::write(dir.join("nginx.conf"), configuration(&dir, apps, tls, plain))
            .expect("a file");
        let mut nginx = Command::new(program)
            .args(["-e", "stderr", "-p"])
            .arg(&dir)
            .arg("-c")
            .arg(dir.join("nginx.conf"))
            .args(["-g", &format!("daemon off; pid {}/nginx.pid;", dir.display())])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nginx starts");
        let log = Arc::new(Mutex::new(String::new()));
        listen(nginx.stderr.take().expect("piped"), Arc::clone(&log), |_| {});
        let bridge = build_bridge(&dir, tls).await;
        let door = Door { nginx, dir, log, tls, plain, bridge, http: Http::default() };
        eventually("nginx is there", || async { TcpStream::connect((LOCALHOST, tls)).await.ok() })
            .await;
        Some(door)
    }

    pub fn nobody(&self) -> Client {
        Client::new(self.http.clone(), self.bridge)
    }

    /// Somebody who logged in.
    pub async fn user(&self, role: &str, id: u32) -> Client {
        let mut browser = Browser::at(self.nobody());
        browser.switch(role, id).await;
        // What the switcher has to say is said on the next page.
        browser.get("/profile").await;
        browser.client()
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("log").clone()
    }

    /// The access log's line of a request with this id, once it is there.
    pub async fn access(&self, id: &str) -> String {
        let path = self.dir.join("access.log");
        let id = format!(" id={id} ");
        eventually("the access log knows the request", || async {
            let log = std::fs::read_to_string(&path).ok()?;
            log.lines().find(|line| line.contains(&id)).map(str::to_owned)
        })
        .await
    }

    /// What curl prints of its TLS side: `path` with a slash, after more of curl's options.
    pub async fn curl(&self, options: &[&str], path: &str) -> String {
        let url = format!("https://board.example:{}{path}", self.tls);
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--insecure", "--include", "--max-time", "20"])
            .args(["--resolve", &format!("board.example:{}:127.0.0.1", self.tls)])
            .args(options)
            .arg(url);
        let output = tokio::task::spawn_blocking(move || command.output().expect("there is curl"));
        let output = output.await.expect("it ends");
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Killed, it could not end its workers.
        signal(self.nginx.id(), "TERM");
        let _ = self.nginx.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
        if std::thread::panicking() {
            eprintln!("--- nginx wrote:\n{}---", self.log());
        }
    }
}

fn make_certificate(dir: &std::path::Path) {
    let status = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "privkey.pem", "-out", "fullchain.pem"])
        .current_dir(dir)
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("there is openssl").success(), "a certificate");
}

fn configuration(dir: &std::path::Path, apps: [SocketAddr; 2], tls: u16, plain: u16) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/nginx.conf");
    let mut text = std::fs::read_to_string(path).expect("nginx.conf");
    let dir = dir.display();
    // Where it keeps bodies and answers that are long; Debian's places are root's.
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {dir}/{name};"));
    for (place, here) in [
        ("\nhttp {", format!("\nhttp {{ {}", places.join(" "))),
        ("access_log /dev/stdout ", format!("access_log {dir}/access.log ")),
        ("/etc/nginx/tls/", format!("{dir}/")),
        ("app1:8080", apps[0].to_string()),
        ("app2:8080", apps[1].to_string()),
        ("listen 80;", format!("listen 127.0.0.1:{plain};")),
        ("listen 443 ", format!("listen 127.0.0.1:{tls} ")),
    ] {
        assert!(text.contains(place), "nginx.conf says {place}");
        text = text.replace(place, &here);
    }
    text
}

/// Takes plain connections, each of which it carries on by TLS.
async fn build_bridge(dir: &std::path::Path, tls: u16) -> SocketAddr {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(dir.join("fullchain.pem")).expect("PEM");
    roots.add(certificate).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let listener = TcpListener::bind((LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let connector = connector.clone();
            tokio::spawn(async move {
                let Ok(nginx) = TcpStream::connect((LOCALHOST, tls)).await else { return };
                let _ = (client.set_nodelay(true), nginx.set_nodelay(true));
                let name = ServerName::try_from("localhost").expect("a name");
                match connector.connect(name, nginx).await {
                    Ok(mut nginx) => {
                        let _ = copy_bidirectional(&mut client, &mut nginx).await;
                    }
                    Err(error) => eprintln!("no TLS with nginx: {error}"),
                }
            });
        }
    });
    address
}
