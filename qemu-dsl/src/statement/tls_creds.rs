//! `tls-creds`

use crate::model::Val;
use crate::model::ids::{Id, id_kinds};
use crate::print::Lowering;
use crate::schema::Kind;
use crate::statement::form::{Form, form, statement};
use crate::value::{IdText, OnOff, Path, Text, choice};

statement! {
    /// By what the two sides of a connection know each other (TLS).
    STATEMENT "tls-creds" many pluggable Devices [Anon, Psk, X509]
    example "tls-creds x509 id=tls0 dir=\"/etc/pki/qemu\" endpoint=server verify-peer=off\ndisplay vnc \"127.0.0.1:7\" tls-creds=tls0"
}

id_kinds! {
    /// The ids of such credentials.
    TlsId "tls"
}

choice! {
    /// A side of a connection.
    Endpoint { Client "client": "the one that connects", Server "server": "the one that listens" }
}

/// Forms of one shape: each kind has other files, and options for them.
macro_rules! credentials {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident $kind:literal $kind_doc:literal prints $object:literal {
            $($(#[doc = $field_doc:literal])+ $field:ident $option:literal : $ty:ty,)*
        }
    )+) => {$(
        form! {
            $(#[doc = $doc])+
            $name kinds [$kind: $kind_doc] {
                /// Its id.
                id "id": Id<TlsId>,
                /// The folder with its files.
                dir "dir": Option<Val<Path>>,
                /// Which side QEMU is.
                endpoint "endpoint": Option<Val<Endpoint>> { default: "client" },
                $($(#[doc = $field_doc])+ $field $option: $ty,)*
                /// Which protocols and ciphers are taken, as GnuTLS writes it.
                priority "priority": Option<Val<Text>>,
            }
            opens object [(Kind::Object, $object)]
        }

        impl Form for $name {
            fn lower(&self, out: &mut Lowering<'_>) {
                out.object($object)
                    .set("id", &self.id)
                    .set("dir", &self.dir)
                    .set("endpoint", &self.endpoint)
                    $(.set($option, &self.$field))*
                    .set("priority", &self.priority)
                    .written_out(&self.object);
            }
        }
    )+};
}

credentials! {
    /// The connection is encrypted, and nobody knows whom it is with.
    Anon "anon" "by nothing" prints "tls-creds-anon" {}

    /// Both sides have a key in common: `keys.psk` in the folder of the server, and for a client the one of its user.
    Psk "psk" "by a key that both have" prints "tls-creds-psk" {
        /// For a client: which of the keys is its own. Without it QEMU takes that of `qemu`.
        username "username": Option<Val<Text>>,
    }

    /// A server has a certificate, and its clients may need one: `ca-cert.pem`, `server-cert.pem`, `server-key.pem` and the like in
    /// the folder.
    X509 "x509" "by certificates" prints "tls-creds-x509" {
        /// The other side needs a certificate, too.
        verify_peer "verify-peer": Option<Val<OnOff>>,
        /// The id of the `secret` with the key's password.
        passwordid "passwordid": Option<Val<IdText>>,
        /// The certificates are looked at when QEMU starts.
        sanity_check "sanity-check": Option<Val<OnOff>>,
    }
}
