//! Program-side forms of the rule book's plain structs.

/// Ties a struct of this crate to the rule book's struct with the same bytes: `rules` and `rules_mut` read one as the
/// other, `from_rules` copies back; size, alignment and every field's offset are asserted.
macro_rules! mirror {
    ($here:ident => $there:path { $($field:ident),+ $(,)? }) => {
        const _: () = {
            type There = $there;
            assert!(core::mem::size_of::<$here>() == core::mem::size_of::<There>());
            assert!(core::mem::align_of::<$here>() == core::mem::align_of::<There>());
            $(assert!(core::mem::offset_of!($here, $field) == core::mem::offset_of!(There, $field));)+
        };

        impl $here {
            /// The same bytes as the rule book's struct.
            pub fn rules(&self) -> &$there {
                bytemuck::cast_ref(self)
            }

            /// The rule book's struct as stored here.
            pub fn from_rules(rules: &$there) -> Self {
                bytemuck::cast(*rules)
            }
        }
    };
}

pub(crate) use mirror;
