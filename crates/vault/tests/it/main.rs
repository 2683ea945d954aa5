//! The vault from outside: damage, crashes, full disks, real files, killed processes, and files that must open for ever.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod files;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod space;
#[cfg(test)]
mod support;
