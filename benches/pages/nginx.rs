//! nginx with a static file of the same bytes as our page: about as fast as a page can be served.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::cores::Cores;

pub struct Nginx {
    master: Child,
    pub address: String,
}

impl Nginx {
    /// Why not, where it cannot be had.
    pub fn start(page: &[u8]) -> Result<Nginx, String> {
        let program = find().ok_or("there is no nginx here (Debian: nginx-light)")?;
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages-nginx");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?.to_string();
        drop(listener);
        let write = |name: &str, bytes: &[u8]| std::fs::write(dir.join(name), bytes);
        std::fs::create_dir_all(&dir)
            .and_then(|()| write("orders.html", page))
            .and_then(|()| write("nginx.conf", configuration(&dir, &address).as_bytes()))
            .map_err(|error| error.to_string())?;
        let master = Cores::SERVER
            .command(program)
            .arg("-p")
            .arg(&dir)
            .args(["-e", "stderr", "-c", "nginx.conf"])
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("nginx: {error}"))?;
        let nginx = Nginx { master, address };
        let answers = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            TcpStream::connect(&nginx.address).is_ok()
        });
        if answers { Ok(nginx) } else { Err("nginx does not answer".to_owned()) }
    }

    pub fn pid(&self) -> u32 {
        self.master.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Told to leave it takes its workers along; killed, it would leave them behind.
        let pid = self.master.id().to_string();
        let _ = std::process::Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.master.wait();
    }
}

/// Servers live in directories that ordinary users' paths lack.
fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut all = std::env::split_paths(&path).chain(more).map(|dir| dir.join("nginx"));
    all.find(|program| program.is_file())
}

fn configuration(dir: &Path, address: &str) -> String {
    let dir = dir.display();
    // As root its workers would be nobody, who may not read the file.
    let user = match std::env::var("USER").as_deref() {
        Ok("root") | Err(_) => "user root;",
        Ok(_) => "",
    };
    format!(
        "daemon off; {user} worker_processes 2; pid '{dir}/nginx.pid'; error_log stderr crit;
         events {{ worker_connections 4096; }}
         http {{
             types {{ text/html html; }}
             charset utf-8;
             access_log off;
             sendfile on; tcp_nopush on; tcp_nodelay on;
             keepalive_requests 1000000000;
             open_file_cache max=100;
             client_body_temp_path '{dir}/temp'; proxy_temp_path '{dir}/temp';
             fastcgi_temp_path '{dir}/temp'; uwsgi_temp_path '{dir}/temp';
             scgi_temp_path '{dir}/temp';
             server {{ listen {address} backlog=4096; root '{dir}'; }}
         }}\n"
    )
}
