//! The patterns of the schemas.

/// What a text must look like. Messages are made by this, not by the regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// A quantity of Kubernetes: `8Gi`.
    Quantity,
    /// A whole number in quotes.
    Number,
    /// A MAC address, as nmstate writes it.
    MacAddress,
    /// A share: `30%`.
    Share,
    /// The resource of a device plugin: `openshift.io/sriovnics`.
    ResourceName,
    /// OVN's name for a bridge, which may have dots.
    Localnet,
    /// A DNS-1123 label.
    Label,
}

impl Pattern {
    /// Every pattern.
    pub const ALL: [Self; 7] =
        [Self::Quantity, Self::Number, Self::MacAddress, Self::Share, Self::ResourceName, Self::Localnet, Self::Label];

    /// The regular expression.
    pub fn regex(self) -> &'static str {
        match self {
            Self::Quantity => r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|K|M|G|T|P|E)?$",
            Self::Number => "^[0-9]+$",
            Self::MacAddress => "^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$",
            Self::Share => "^(100|[1-9][0-9]?)%$",
            Self::ResourceName => "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
            Self::Localnet => "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
            Self::Label => "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        }
    }

    /// The pattern of a regular expression in a schema.
    pub fn of(regex: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pattern| pattern.regex() == regex)
    }
}
