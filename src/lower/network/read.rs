//! A network as it is written, by itself: what can be said of it without a Site and without the others.

use std::collections::HashMap;

use ipnet::IpNet;

use super::DUPLICATE_NETWORK;
use super::address::{NoIp, node_ip, static_ip};
use super::fields::nad_name;
use crate::api::{IpConfig, IpMode, NetworkConfig, NetworkType};
use crate::base::address::Reported;
use crate::base::diagnostic::{Diagnostic, Findings};
use crate::base::place::Origin;
use crate::model::{NadName, StaticIp};
use crate::read::load::Object;

/// A network as it is written. What is wrong with one part hides no other.
pub(super) struct ReadNetwork<'a> {
    pub(super) config: &'a Object<NetworkConfig>,
    /// The guest's static addresses.
    pub(super) ip: Result<Option<StaticIp>, NoIp>,
    /// The node's own address, where the type takes one.
    pub(super) node_ip: Result<Option<IpNet>, Reported>,
    /// The existing attachment to use.
    pub(super) nad_name: Result<Option<NadName>, Reported>,
}

/// Reads the networks of a Wukong. One of a name that is taken is left out.
pub(super) fn read<'a>(configs: &'a [Object<NetworkConfig>], findings: &mut Findings) -> Vec<ReadNetwork<'a>> {
    let mut names: HashMap<&str, &Origin> = HashMap::new();
    let mut networks = Vec::with_capacity(configs.len());
    for config in configs {
        if let Some(first) = names.get(config.value.name.as_str()) {
            let message = format!("a second network is called `{}`", config.value.name);
            findings.push(
                Diagnostic::new(&DUPLICATE_NETWORK, config.origin.at("name"), message, "rename one of the two")
                    .with_related(first.at("name"), "the first one"),
            );
            continue;
        }
        names.insert(&config.value.name, &config.origin);
        let has_bridge = matches!(config.value.network_type, Some(NetworkType::Bridge | NetworkType::Ovs));
        networks.push(ReadNetwork {
            config,
            ip: if config.is_ip_ignored() { Ok(None) } else { static_ip(config, findings) },
            node_ip: if has_bridge && !config.is_pod_network() { node_ip(config, findings) } else { Ok(None) },
            nad_name: nad_name(config, findings),
        });
    }
    networks
}

impl Object<NetworkConfig> {
    /// Whether its addresses have no effect, which is a finding of its own. `mode: dhcp` alone is what the pod network does.
    pub(super) fn is_ip_ignored(&self) -> bool {
        let has_addresses = |ip: &IpConfig| {
            let has_servers = ip.dns_servers.as_ref().is_some_and(|servers| !servers.is_empty());
            ip.mode == IpMode::Static || ip.address.is_some() || ip.gateway.is_some() || has_servers
        };
        self.is_pod_network() && self.value.ip_config.as_ref().is_some_and(has_addresses)
    }

    /// Whether it is the pod network: `default` is, whatever its type says, and what has no type.
    pub(super) fn is_pod_network(&self) -> bool {
        self.value.name == "default" || self.value.network_type.is_none()
    }
}
