//! The devices machines are trained on.

use crate::ModelError;

/// Where the arithmetic runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The hand-written engine: one machine a thread.
    Host,
    /// Stacked burn tensors on the CPU.
    Ndarray,
    /// Stacked burn tensors on the first NVIDIA card.
    Cuda,
    /// The same with its noise drawn on the host, to the host engine's bits, and sent to the card: slower.
    CudaHostNoise,
}

impl Device {
    /// CUDA where this build and this machine have it, else the host engine.
    pub fn auto() -> Self {
        if Self::Cuda.check().is_ok() { Self::Cuda } else { Self::Host }
    }

    /// The name used in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Ndarray => "ndarray",
            Self::Cuda => "cuda",
            Self::CudaHostNoise => "cuda_host_noise",
        }
    }

    /// The bytes that are free on the first NVIDIA card.
    ///
    /// # Errors
    /// [`ModelError::Device`] when the driver does not say.
    #[cfg(feature = "cuda")]
    pub fn free_card_memory() -> Result<u64, ModelError> {
        let asked = cudarc::driver::CudaContext::new(0).and_then(|context| context.mem_get_info());
        let (free, _) = asked.map_err(|error| ModelError::Device {
            device: Self::Cuda.name(),
            reason: format!("the NVIDIA driver does not say how much memory is free: {error}"),
        })?;
        Ok(free as u64)
    }

    /// Checks that this device can be used here.
    ///
    /// # Errors
    /// [`ModelError::Device`] that says what is missing.
    pub fn check(self) -> Result<(), ModelError> {
        match self {
            Self::Host | Self::Ndarray => Ok(()),
            Self::Cuda | Self::CudaHostNoise => {
                cuda().map_err(|reason| ModelError::Device { device: self.name(), reason })
            }
        }
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<(), String> {
    Err("this program was built without CUDA; build it with `--features cuda`, or use host, ndarray or auto".to_owned())
}

/// Looks for what the stacked engine needs of CUDA, without a panic.
#[cfg(feature = "cuda")]
fn cuda() -> Result<(), String> {
    found().verdict()
}

/// Looks for the driver, the run-time compiler, the toolkit's headers and a card.
#[cfg(feature = "cuda")]
fn found() -> Found {
    use cudarc::{driver, nvrtc};
    use std::path::Path;

    // SAFETY: these only try to open the shared libraries.
    let (driver, compiler) = unsafe { (driver::sys::is_culib_present(), nvrtc::sys::is_culib_present()) };
    let cards = || {
        match driver::result::init() {
            Err(error) if error.0 == driver::sys::CUresult::CUDA_ERROR_NO_DEVICE => return Ok(0),
            started => started.map_err(|error| format!("does not start: {error}"))?,
        }
        driver::result::device::get_count().map_err(|error| format!("does not count its cards: {error}"))
    };
    Found {
        driver,
        compiler,
        toolkit: std::env::var_os("CUDA_PATH").is_some() || Path::new("/usr/local/cuda").exists(),
        cards: if driver { cards() } else { Ok(0) },
    }
}

/// What a machine has of CUDA.
#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "a build without CUDA looks for nothing"))]
#[derive(Debug, Clone)]
struct Found {
    /// libcuda.
    driver: bool,
    /// libnvrtc.
    compiler: bool,
    /// The toolkit's folder, whose headers the compiler reads.
    toolkit: bool,
    /// How many cards there are, or what the driver says instead.
    cards: Result<i32, String>,
}

#[cfg_attr(not(feature = "cuda"), allow(dead_code, reason = "as above"))]
impl Found {
    /// What is missing first, and what to do about it.
    fn verdict(&self) -> Result<(), String> {
        let (driver, compiler, toolkit) = (self.driver, self.compiler, self.toolkit);
        match &self.cards {
            _ if !driver => {
                Err("no NVIDIA driver (libcuda) was found on this machine; install it, or use host".to_owned())
            }
            Err(error) => Err(format!("the NVIDIA driver {error}")),
            Ok(..1) => Err("the NVIDIA driver reports no card; is one hidden by CUDA_VISIBLE_DEVICES?".to_owned()),
            _ if !compiler => {
                Err("the CUDA run-time compiler (libnvrtc) was not found; install the CUDA toolkit".to_owned())
            }
            _ if !toolkit => Err("no CUDA toolkit was found; set CUDA_PATH to its folder".to_owned()),
            Ok(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_says_why_and_auto_avoids_it() {
        match Device::Cuda.check() {
            Ok(()) => assert_eq!(Device::auto(), Device::Cuda),
            Err(error) => {
                assert!(error.to_string().starts_with("run.device: cuda is not available: "), "{error}");
                assert_eq!(Device::auto(), Device::Host);
            }
        }
        assert!(Device::Host.check().is_ok() && Device::Ndarray.check().is_ok());
    }

    #[test]
    fn what_is_missing_first_is_said_with_what_to_do() {
        let all = Found { driver: true, compiler: true, toolkit: true, cards: Ok(2) };
        assert_eq!(all.verdict(), Ok(()));
        let nothing = Found { driver: false, compiler: false, toolkit: false, cards: Ok(0) };
        let says = |found: Found, words: &str| {
            let said = found.verdict().unwrap_err();
            assert!(said.contains(words), "{said}");
        };
        says(nothing, "no NVIDIA driver (libcuda) was found on this machine; install it, or use host");
        says(Found { cards: Ok(0), ..all.clone() }, "reports no card; is one hidden by CUDA_VISIBLE_DEVICES?");
        says(
            Found { cards: Err("does not start: 999".to_owned()), ..all.clone() },
            "the NVIDIA driver does not start: 999",
        );
        says(Found { compiler: false, ..all.clone() }, "(libnvrtc) was not found; install the CUDA toolkit");
        says(Found { toolkit: false, ..all }, "set CUDA_PATH to its folder");
    }
}
