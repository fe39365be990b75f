use super::support::{scratch, waiting};
use kind::engine::{ContainerSpec, NetworkSpec, ipv6_ula_subnet};

pub async fn a_network_with_ipv6_is_made_found_and_removed() {
    let Some(mut scratch) = scratch("net").await else { return };
    let engine = scratch.engine.clone();
    let name = scratch.network("a");
    let subnet = ipv6_ula_subnet(&name, 0);
    let spec = NetworkSpec {
        name: name.clone(),
        ipv6: true,
        subnets: vec![subnet.clone()],
        options: [("com.docker.network.driver.mtu".to_owned(), "1400".to_owned())].into(),
        labels: [("kind-test".to_owned(), "net".to_owned())].into(),
        ..Default::default()
    };
    assert!(engine.inspect_network(&name).await.unwrap().is_none());
    let id = engine.create_network(&spec).await.unwrap();
    let found = engine.inspect_network(&name).await.unwrap().expect("it was made");
    assert_eq!((found.id.as_str(), found.ipv6, found.driver.as_str()), (id.as_str(), true, "bridge"));
    assert!(found.subnets.contains(&subnet) && found.subnets.len() == 2, "IPv4 was added: {found:?}");
    assert_eq!(found.labels["kind-test"], "net");
    assert!(engine.inspect_network(&id[..5]).await.unwrap().is_none(), "part of an id is no name");
    assert!(engine.list_networks().await.unwrap().iter().any(|n| n.id == id));

    let error = engine.create_network(&spec).await.unwrap_err();
    assert_eq!(error.code(), "engine.conflict", "{error:?}");
    let clash = NetworkSpec { name: scratch.network("b"), ..spec.clone() };
    let error = engine.create_network(&clash).await.unwrap_err();
    assert_eq!(error.code(), "engine.subnet_taken", "{error:?}");

    let spec = ContainerSpec {
        network: name.clone(),
        network_aliases: vec!["called".into()],
        ..waiting(&scratch.container("c"))
    };
    scratch.start(&spec).await;
    let container = engine.inspect_container(&spec.name).await.unwrap();
    assert!(!container.ipv4[&name].is_empty());
    let prefix = subnet.split("::").next().unwrap();
    assert!(container.ipv6[&name].starts_with(prefix), "{container:?}");
    assert_eq!(engine.inspect_network(&name).await.unwrap().unwrap().containers, 1);
    let error = engine.remove_network(&name).await.unwrap_err();
    assert_eq!(error.code(), "engine.refused", "{error:?}");
    engine.remove_container(&spec.name).await.unwrap();
    engine.remove_network(&name).await.unwrap();
    engine.remove_network(&name).await.unwrap();
    assert!(engine.inspect_network(&name).await.unwrap().is_none());
}
