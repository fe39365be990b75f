//! A document's `networking`.

use super::texts;
use crate::config::scalar::{Field, Reader};
use crate::config::{HostPort, IpFamily, Networking, Subnets};

pub(super) fn networking(reader: &mut Reader<'_>, field: &Field<'_>) -> Networking {
    let Some(object) = reader.object(field) else { return Networking::default() };
    let family: IpFamily = reader.word(object.get("ipFamily")).unwrap_or_default();
    let mut networking = Networking::of_family(family);
    networking.kube_proxy_mode = reader.word(object.get("kubeProxyMode")).unwrap_or_default();
    networking.api_server_port =
        reader.number(object.get("apiServerPort")).and_then(HostPort::from_number).unwrap_or_default();
    let address = |text: &str| match text {
        "" => Ok(Networking::default_address(family)),
        text => text.parse().map_err(|_| "expected an IP address".to_owned()),
    };
    if let Some(address) = reader.parsed(object.get("apiServerAddress"), address) {
        networking.api_server_address = address;
    }
    let subnets = |default: fn(IpFamily) -> Subnets| {
        move |text: &str| if text.is_empty() { Ok(default(family)) } else { Subnets::parse(text) }
    };
    if let Some(pods) = reader.parsed(object.get("podSubnet"), subnets(Networking::default_pods)) {
        networking.pod_subnet = pods;
    }
    if let Some(services) = reader.parsed(object.get("serviceSubnet"), subnets(Networking::default_services))
    {
        networking.service_subnet = services;
    }
    networking.disable_default_cni = reader.boolean(object.get("disableDefaultCNI")).unwrap_or_default();
    // an empty list is something else than none: it takes the host's domains away
    networking.dns_search = object.get("dnsSearch").map(|field| texts(reader, Some(field)));
    networking.network = reader.text(object.get("network")).unwrap_or_default();
    networking.network_subnet = reader
        .parsed(object.get("networkSubnet"), |text: &str| match text {
            "" => Ok(None),
            text => Subnets::parse(text).map(Some),
        })
        .unwrap_or_default();
    networking
}
