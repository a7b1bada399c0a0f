use std::collections::HashMap;

use super::collect::Blame;
use super::hit::{Hit, Words, and_networks};
use crate::base::names::system_of_interface;
pub(super) use crate::lower::site::SYSTEM_INTERFACE;
use crate::lower::site::{system_interface, system_interface_help};
use crate::model::{Key, Plan};

/// Networks on an interface of a system. What the Site itself names is found with the Site.
pub(super) fn check<'a>(plan: &'a Plan, _: &Blame<'_>) -> Vec<Hit<'a>> {
    let mut groups: HashMap<&str, usize> = HashMap::new();
    let mut hits = Vec::new();
    for network in plan.networks() {
        // The bridge of a localnet may be a system's: OVN-Kubernetes shares it.
        let uplinks = network.hosts.iter().filter_map(|host| host.uplink.as_ref());
        let found =
            uplinks.map(|uplink| uplink.name.as_str()).find_map(|name| Some((name, system_of_interface(name)?)));
        let Some((name, system)) = found else { continue };
        let next = groups.len();
        let group = *groups.entry(name).or_insert(next);
        hits.push(Hit::in_group(network.at(Key::PhysicalInterface), group, move |more| {
            let message = format!("{}{}", system_interface(name, system), and_networks(more));
            Words::new(message, system_interface_help(name)).about([name])
        }));
    }
    hits
}
