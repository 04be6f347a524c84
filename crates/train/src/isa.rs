//! The instruction set that the kernels run on, chosen at run time.

use pulp::{Scalar, WithSimd};

/// An instruction set of this processor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Isa {
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// One number at a time, for the compiler to make what it can of it.
    Portable,
}

impl Isa {
    /// The instruction sets that this processor has, widest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V4::try_new().map(Self::Avx512));
            all.extend(pulp::x86::V3::try_new().map(Self::Avx2));
        }
        all.push(Self::Portable);
        all
    }

    /// The widest instruction set of this processor.
    pub(crate) fn detect() -> Self {
        Self::available().into_iter().next().unwrap_or(Self::Portable)
    }

    /// Its name; where the compiler chooses, the architecture's.
    fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            Self::Portable => std::env::consts::ARCH,
        }
    }

    /// The widest instruction set with vectors of at most 256 bits.
    pub(crate) fn narrow(self) -> Self {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => Self::Avx2(*simd),
            other => other,
        }
    }

    /// Runs a kernel compiled for this instruction set.
    pub(crate) fn dispatch<K: WithSimd>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => pulp::Simd::vectorize(simd, kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => pulp::Simd::vectorize(simd, kernel),
            Self::Portable => pulp::Simd::vectorize(Scalar, kernel),
        }
    }
}

/// The name of the instruction set that this processor trains with: `avx512`, `avx2`, or the architecture's where the
/// products are left to the compiler.  Losses on two of them agree to 1e-4, their last digits do not.
pub fn instruction_set() -> &'static str {
    Isa::detect().name()
}

/// Declares a function whose body is compiled for every instruction set.  (A closure handed to a dispatcher would be
/// called through a shim that is compiled for the baseline only; a value with a method is not.)
macro_rules! kernel {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$life:lifetime>($($arg:ident: $type:ty),* $(,)?) $(-> $output:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name<$life>(isa: $crate::isa::Isa, $($arg: $type),*) $(-> $output)? {
            struct Kernel<$life> {
                $($arg: $type),*
            }
            impl<$life> ::pulp::WithSimd for Kernel<$life> {
                type Output = $crate::isa::kernel!(@output $($output)?);

                #[inline(always)]
                fn with_simd<S: ::pulp::Simd>(self, _: S) -> Self::Output {
                    let Self { $($arg),* } = self;
                    $body
                }
            }
            isa.dispatch(Kernel { $($arg),* })
        }
    };
    (@output) => { () };
    (@output $output:ty) => { $output };
}

pub(crate) use kernel;
