//! Debian packages without installing them: apt with a configuration of its own, no root, nothing of the system's
//! package state read or changed.

use crate::run;
use anyhow::{bail, Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Suites of a Debian archive.
pub struct Suite {
    /// Last part of the archive's address: `debian` or `debian-security`.
    pub archive: &'static str,
    /// Suite names, separated by spaces.
    pub names: &'static str,
}

/// A private apt: lists, cache and state below one folder.
pub struct Apt {
    home: PathBuf,
}

impl Apt {
    /// Prepares apt below `home` for these suites and fetches their package lists.
    pub fn open(home: &Path, suites: &[Suite]) -> Result<Self> {
        for program in ["apt-get", "apt-cache", "apt-config", "dpkg-deb"] {
            if !run::exists(program) {
                bail!(
                    "`{program}` is not on this machine: the registry-only build needs Debian's apt. \
                     Elsewhere install Anza's platform-tools (`cargo build-sbf`)."
                );
            }
        }
        let apt = Self { home: home.to_path_buf() };
        for dir in ["state/lists/partial", "cache/archives/partial", "sources", "debs"] {
            fs::create_dir_all(home.join(dir))?;
        }
        fs::write(home.join("state/status"), "")?;
        fs::write(home.join("sources/plimsoll.sources"), sources(suites)?)?;
        fs::write(home.join("apt.conf"), apt.configuration()?)?;
        run::logged("reading Debian's package lists", apt.command("apt-get").args(["-q", "update"]))?;
        Ok(apt)
    }

    /// The machine's own network settings (proxy, validity checks), and our folders for all else. The machine's other
    /// settings are left out: hooks in them change the system.
    fn configuration(&self) -> Result<String> {
        let machine = run::output(Command::new("apt-config").args(["dump", "Acquire"]))?;
        let mut text = String::new();
        for line in machine.lines().filter(|line| !line.starts_with("Acquire::IndexTargets")) {
            writeln!(text, "{line}")?;
        }
        let home = self.home.display();
        write!(
            text,
            "Dir::State \"{home}/state\";\nDir::State::Lists \"{home}/state/lists\";\n\
             Dir::State::status \"{home}/state/status\";\nDir::Cache \"{home}/cache\";\n\
             Dir::Etc::parts \"/dev/null\";\nDir::Etc::main \"/dev/null\";\n\
             Dir::Etc::sourcelist \"/dev/null\";\nDir::Etc::sourceparts \"{home}/sources\";\n\
             Dir::Etc::preferences \"/dev/null\";\nDir::Etc::preferencesparts \"/dev/null\";\n\
             Acquire::Languages \"none\";\nAPT::Sandbox::User \"\";\n"
        )?;
        Ok(text)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.home.join("apt.conf")).env("LC_ALL", "C").current_dir(self.home.join("debs"));
        command
    }

    /// `wanted` and all they depend on, with versions. A dependency for which `skip` says so is left out, with what
    /// only it needs. Of alternatives the first is taken.
    pub fn closure(&self, wanted: &[&str], skip: impl Fn(&str) -> bool) -> Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        let mut asked: BTreeSet<String> = wanted.iter().map(|&name| name.to_owned()).collect();
        let mut frontier: Vec<String> = asked.iter().cloned().collect();
        while !frontier.is_empty() {
            let mut command = self.command("apt-cache");
            command.args(["show", "--no-all-versions"]).args(&frontier);
            let records = run::output(&mut command)?;
            frontier.clear();
            for record in records.split("\n\n") {
                let Some(name) = field(record, "Package") else { continue };
                found.insert(name.to_owned(), field(record, "Version").unwrap_or_default().to_owned());
                for dependency in dependencies(record) {
                    if !skip(dependency) && asked.insert(dependency.to_owned()) {
                        frontier.push(dependency.to_owned());
                    }
                }
            }
        }
        match wanted.iter().find(|&&name| !found.contains_key(name)) {
            Some(missing) => bail!("Debian has no package {missing} in these suites"),
            None => Ok(found),
        }
    }

    /// Downloads packages and returns the files' paths.
    pub fn download(&self, title: &str, packages: &BTreeMap<String, String>) -> Result<Vec<PathBuf>> {
        let mut command = self.command("apt-get");
        command.args(["-q", "download"]);
        command.args(packages.iter().map(|(name, version)| format!("{name}={version}")));
        run::logged(title, &mut command)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(self.home.join("debs"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                files.push(path);
            }
        }
        if files.len() < packages.len() {
            bail!("apt-get download brought {} of {} packages", files.len(), packages.len());
        }
        Ok(files)
    }
}

/// Unpacks a package's files into `to`: all, or those `only` (a tar pattern) matches.
pub fn unpack(package: &Path, to: &Path, only: Option<&str>) -> Result<()> {
    fs::create_dir_all(to)?;
    let mut reader = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .context("cannot start dpkg-deb")?;
    let mut tar = Command::new("tar");
    tar.arg("-x").arg("-C").arg(to);
    if let Some(pattern) = only {
        tar.args(["--wildcards", pattern]);
    }
    if let Some(files) = reader.stdout.take() {
        tar.stdin(files);
    }
    run::visible(&mut tar)?;
    if !reader.wait()?.success() {
        bail!("cannot unpack {}", package.display());
    }
    Ok(())
}

/// Our own list of sources. The archives' addresses are the machine's: it may use a mirror.
fn sources(suites: &[Suite]) -> Result<String> {
    let mut list = Command::new("apt-get");
    let addresses = run::output(list.args(["indextargets", "--format", "$(REPO_URI)"]))?;
    let mut text = String::new();
    for Suite { archive, names } in suites {
        let ending = format!("/{archive}");
        let Some(uri) = addresses.lines().find(|line| line.trim_end_matches('/').ends_with(&ending)) else {
            bail!("apt on this machine knows no {archive} archive: see /etc/apt/sources.list.d");
        };
        write!(text, "Types: deb\nURIs: {uri}\nSuites: {names}\nComponents: main\nSigned-By: {KEYRING}\n\n")?;
    }
    Ok(text)
}

fn field<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// First alternatives of `Pre-Depends` and `Depends`, without versions and architectures.
fn dependencies(record: &str) -> impl Iterator<Item = &str> {
    ["Pre-Depends", "Depends"]
        .into_iter()
        .filter_map(|name| field(record, name))
        .flat_map(|list| list.split(','))
        .filter_map(|dependency| dependency.split('|').next()?.trim().split([' ', ':']).next())
        .filter(|name| !name.is_empty())
}
