//! Functions in namespaces whose errors tell where they were called. Rhai fills that in for other functions, and leaves it
//! out for these.

use rhai::{
    Dynamic, FuncRegistration, Module, NativeCallContext, Position, RhaiFunc, RhaiNativeFunc, Shared,
};

/// Puts a function into a namespace, with the call's place in errors that have none.
pub fn place<A, const N: usize, const X: bool, R, const F: bool, FUNC>(
    module: &mut Module,
    name: &str,
    func: FUNC,
) where
    A: 'static,
    R: 'static,
    FUNC: RhaiNativeFunc<A, N, X, R, F> + Send + Sync + 'static,
{
    macro_rules! placed {
        ($func:ident) => {
            Shared::new(move |context: Option<NativeCallContext<'_>>, arguments: &mut [&mut Dynamic]| {
                let place = context.as_ref().map_or(Position::NONE, NativeCallContext::call_position);
                $func(context, arguments).map_err(|mut error| {
                    if error.position().is_none() {
                        error.set_position(place);
                    }
                    error
                })
            })
        };
    }
    let func = match func.into_rhai_function(true, false) {
        RhaiFunc::Pure { func, is_pure, is_volatile, .. } => {
            RhaiFunc::Pure { func: placed!(func), has_context: true, is_pure, is_volatile }
        }
        RhaiFunc::Method { func, is_pure, is_volatile, .. } => {
            RhaiFunc::Method { func: placed!(func), has_context: true, is_pure, is_volatile }
        }
        other => other,
    };
    module.set_fn_raw_with_options(FuncRegistration::new(name), FUNC::param_types(), func);
}
