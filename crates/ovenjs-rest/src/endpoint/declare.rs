//! The line that declares an operation.

/// Declares an operation: a struct with its parameters, its [`Endpoint`](crate::Endpoint), and the
/// method of [`Client`](crate::Client) that begins a [`Call`](crate::Call) of it.
///
/// The path's variables are the parameters by name; what follows is as little of this as is true,
/// in this order:
///
/// - `major` names the parameter by which Discord counts;
/// - `must query` has parameters of the query that are arguments of the method, `query` those which
///   the call has setters for; `=` gives the range of a number, or of a text's or list's length;
/// - `body` is what is sent and begins empty, to be filled by the call's setters; `sends` is what is
///   sent and has no empty form: it is the method's last argument;
/// - `needs` is the permission to name when it is missing;
/// - `denied alike`: while it is missing, other bodies with the same fields are refused as well;
/// - `takes reason`: the audit log shows one;
/// - `by` says who asks when it is not the bot; `shows` what they show, an argument of the method;
/// - `or User`: a user may ask as well;
/// - `idempotent when` it can be repeated although its method cannot;
/// - `aged by` the message by whose age its limit is chosen;
/// - `enforces nonce`: a nonce makes it idempotent.
macro_rules! endpoint {
    (
        $(#[$meta:meta])*
        $method:ident $path:literal as $name:ident -> $answer:ty {
            fn $call:ident( $($param:ident: $ty:ty),* $(,)? )
            $(major $major:ident;)?
            $(must query {
                $($(#[$mmeta:meta])* $must:ident: $mty:ty $(= $mrange:expr)?),* $(,)?
            })?
            $(query {
                $($(#[$qmeta:meta])* $query:ident: $qty:ty $(= $range:expr)?),* $(,)?
            })?
            $(body: $body:ty;)?
            $(sends: $sent:ty;)?
            $(needs $needs:ident;)?
            $(denied $alike:ident;)?
            $(takes $reason:ident;)?
            $(by $auth:ident;)?
            $(shows $show:ident: $shty:ty;)?
            $(or $user:ident;)?
            $(idempotent when $when:expr;)?
            $(aged by $aged:ident;)?
            $(enforces $nonce:ident;)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[must_use = "an endpoint does nothing until it is sent"]
        pub struct $name {
            $( #[doc = concat!("What is shown: ", stringify!($show), ".")] pub $show: $shty, )?
            $(
                #[doc = concat!("The path's `", stringify!($param), "`.")]
                pub $param: $ty,
            )*
            $($( $(#[$mmeta])* pub $must: $mty, )*)?
            $($( $(#[$qmeta])* pub $query: Option<$qty>, )*)?
            $( #[doc = "What is sent."] pub body: $body, )?
            $( #[doc = "What is sent."] pub body: $sent, )?
        }

        impl $crate::Endpoint for $name {
            type Answer = $answer;
            const METHOD: http::Method = endpoint!(@method $method);
            const ROUTE: &'static str = concat!(endpoint!(@word $method), " ", $path);
            const AUTH: $crate::Auth = endpoint!(@auth $($auth)?);
            $(const BY_USER: bool = endpoint!(@is $user User);)?
            $(const AUDITED: bool = endpoint!(@is $reason reason);)?
            $(const NEEDS: ovenjs_types::Permissions = ovenjs_types::Permissions::$needs;)?
            $(const DENIED_ALIKE: bool = endpoint!(@is $alike alike);)?
            $(const MAJOR: Option<&'static str> = Some(stringify!($major));)?
            $(const AGED: Option<&'static str> = Some(stringify!($aged));)?
            $(const ENFORCES_NONCE: bool = endpoint!(@is $nonce nonce);)?
            const QUERY: &'static [$crate::Parameter] = &[
                $($( $crate::Parameter {
                    name: stringify!($must),
                    is_required: true,
                    range: endpoint!(@range $($mrange)?),
                }, )*)?
                $($( $crate::Parameter {
                    name: $crate::endpoint::wire_name(stringify!($query)),
                    is_required: false,
                    range: endpoint!(@range $($range)?),
                }, )*)?
            ];

            fn path(&self) -> String {
                $( let $param = $crate::endpoint::PathPart::part(&self.$param); )*
                format!($path)
            }

            fn validate(&self) -> Result<(), ovenjs_types::Invalid> {
                let report = &mut ovenjs_types::Report::new();
                $($($( $crate::endpoint::QueryValue::check(
                    &self.$must, stringify!($must), $mrange, report,
                ); )?)*)?
                $($($( if let Some(value) = &self.$query {
                    $crate::endpoint::QueryValue::check(
                        value, stringify!($query), $range, report,
                    );
                } )?)*)?
                $( <$body as ovenjs_types::Validate>::check(&self.body, report); )?
                $( <$sent as ovenjs_types::Validate>::check(&self.body, report); )?
                std::mem::take(report).into_result()
            }

            $(
                fn is_idempotent(&self) -> bool {
                    let when: fn(&Self) -> bool = $when;
                    when(self)
                }
            )?

            $(
                fn variant(&self, now_ms: u64) -> ovenjs_ratelimit::Variant {
                    ovenjs_ratelimit::Variant::of_message(self.$aged.get(), now_ms)
                }
            )?

            $(
                fn make_idempotent(&mut self, $nonce: u64) {
                    if self.body.$nonce.is_none() {
                        self.body.$nonce = Some(format!("{:016x}", $nonce).into());
                        self.body.enforce_nonce = true;
                    }
                }
            )?

            $(
                fn major(&self) -> $crate::Major {
                    $crate::endpoint::MajorPart::major(&self.$major)
                }
            )?

            endpoint!(@query [$($($must)*)?] [$($($query)*)?]);

            $(
                fn authorization(&self) -> Option<ovenjs_types::Secret> {
                    Some(<$shty>::authorization(&self.$show))
                }
            )?

            $(
                fn body(&self) -> $crate::Body<'_> {
                    <$body as $crate::Payload>::body(&self.body)
                }
            )?
            $(
                fn body(&self) -> $crate::Body<'_> {
                    <$sent as $crate::Payload>::body(&self.body)
                }
            )?
        }

        $( endpoint!(@audited $name $reason); )?
        $( endpoint!(@by_user $name $user); )?
        $( endpoint!(@carries $name $body); )?
        $( endpoint!(@carries $name $sent); )?

        impl $crate::Client {
            $(#[$meta])*
            pub fn $call(
                &self,
                $($show: impl Into<$shty>,)?
                $($param: impl ovenjs_types::Given<$ty>,)*
                $($($must: impl ovenjs_types::Given<$mty>,)*)?
                $(body: impl Into<$crate::Sent<$sent>>,)?
            ) -> $crate::Call<'_, $name $(, $body)? $(, $sent)?> {
                $( let (body, is_valid) = Into::<$crate::Sent<$sent>>::into(body).split(); )?
                let call = $crate::Call::new(self, $name {
                    $($show: $show.into(),)?
                    $($param: ovenjs_types::Given::given($param),)*
                    $($( $must: ovenjs_types::Given::given($must), )*)?
                    $($( $query: None, )*)?
                    $( body: <$body>::default(), )?
                    $( body: { let body: $sent = body; body }, )?
                });
                $( let call = $crate::Sent::<$sent>::tell(call, is_valid); )?
                call
            }
        }

        endpoint!(@setters $name [$(body $body)? $(body $sent)?] $(
            $( $(#[$qmeta])* $query: $qty, )*
        )?);
    };
    (@query [] []) => {};
    (@query [$($must:ident)*] [$($query:ident)*]) => {
        fn query(&self) -> Vec<(&'static str, String)> {
            let mut query = Vec::new();
            $( $crate::endpoint::QueryValue::write(&self.$must, stringify!($must), &mut query); )*
            $( if let Some(value) = &self.$query {
                let name = $crate::endpoint::wire_name(stringify!($query));
                $crate::endpoint::QueryValue::write(value, name, &mut query);
            } )*
            query
        }
    };
    (@setters $name:ident [$(body $body:ty)?]) => {};
    (@setters $name:ident [] $( $(#[$qmeta:meta])* $query:ident: $qty:ty, )+) => {
        impl $crate::Call<'_, $name> {
            endpoint!(@setter $( $(#[$qmeta])* $query: $qty, )+);
        }
    };
    (@setters $name:ident [body $body:ty] $( $(#[$qmeta:meta])* $query:ident: $qty:ty, )+) => {
        impl $crate::Call<'_, $name, $body> {
            endpoint!(@setter $( $(#[$qmeta])* $query: $qty, )+);
        }
    };
    (@setter $( $(#[$qmeta:meta])* $query:ident: $qty:ty, )+) => {
        $(
            $(#[$qmeta])*
            pub fn $query(mut self, $query: impl ovenjs_types::Given<Option<$qty>>) -> Self {
                self.endpoint.$query = ovenjs_types::Given::given($query);
                self
            }
        )+
    };
    (@carries $name:ident $body:ty) => {
        impl $crate::Carries for $name {
            type Body = $body;

            fn map_body(mut self, change: impl FnOnce($body) -> $body) -> Self {
                self.body = change(self.body);
                self
            }
        }
    };
    (@is User User) => { true };
    (@is reason reason) => { true };
    (@is alike alike) => { true };
    (@is nonce nonce) => { true };
    (@range) => { None };
    (@range $range:expr) => { Some($range) };
    (@by_user $name:ident User) => { impl $crate::ByUser for $name {} };
    (@method Get) => { http::Method::GET };
    (@method Post) => { http::Method::POST };
    (@method Put) => { http::Method::PUT };
    (@method Patch) => { http::Method::PATCH };
    (@method Delete) => { http::Method::DELETE };
    (@word Get) => { "GET" };
    (@word Post) => { "POST" };
    (@word Put) => { "PUT" };
    (@word Patch) => { "PATCH" };
    (@word Delete) => { "DELETE" };
    (@auth) => { $crate::Auth::Bot };
    (@auth $auth:ident) => { $crate::Auth::$auth };
    (@audited $name:ident reason) => { impl $crate::Audited for $name {} };
}

pub(crate) use endpoint;
