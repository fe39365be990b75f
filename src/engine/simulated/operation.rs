//! The operations of an engine by name.

/// An operation of the [`Engine`](crate::engine::Engine) trait, to be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the method of that name
pub enum Operation {
    Info,
    CreateContainer,
    InspectContainer,
    ListContainers,
    StartContainer,
    StopContainer,
    KillContainer,
    PauseContainer,
    UnpauseContainer,
    RemoveContainer,
    WaitContainer,
    CreateNetwork,
    InspectNetwork,
    ListNetworks,
    RemoveNetwork,
    CreateVolume,
    ListVolumes,
    RemoveVolume,
    InspectImage,
    ListImages,
    PullImage,
    TagImage,
    PushImage,
    SaveImages,
    LoadImages,
    ImportImage,
    CommitContainer,
    RemoveImage,
    Exec,
    Upload,
    Download,
    Logs,
    Events,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::Info,
        Self::CreateContainer,
        Self::InspectContainer,
        Self::ListContainers,
        Self::StartContainer,
        Self::StopContainer,
        Self::KillContainer,
        Self::PauseContainer,
        Self::UnpauseContainer,
        Self::RemoveContainer,
        Self::WaitContainer,
        Self::CreateNetwork,
        Self::InspectNetwork,
        Self::ListNetworks,
        Self::RemoveNetwork,
        Self::CreateVolume,
        Self::ListVolumes,
        Self::RemoveVolume,
        Self::InspectImage,
        Self::ListImages,
        Self::PullImage,
        Self::TagImage,
        Self::PushImage,
        Self::SaveImages,
        Self::LoadImages,
        Self::ImportImage,
        Self::CommitContainer,
        Self::RemoveImage,
        Self::Exec,
        Self::Upload,
        Self::Download,
        Self::Logs,
        Self::Events,
    ];

    /// The operation a script names, such as `create_container`.
    pub fn parse(name: &str) -> Option<Self> {
        let squeezed = name.replace('_', "");
        Self::ALL.into_iter().find(|operation| format!("{operation:?}").eq_ignore_ascii_case(&squeezed))
    }
}
