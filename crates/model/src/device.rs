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
        }
    }

    /// Checks that this device can be used here.
    ///
    /// # Errors
    /// [`ModelError::Device`] that says what is missing.
    pub fn check(self) -> Result<(), ModelError> {
        match self {
            Self::Host | Self::Ndarray => Ok(()),
            Self::Cuda => cuda().map_err(|reason| ModelError::Device { device: self.name(), reason }),
        }
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<(), String> {
    Err("this program was built without CUDA; build it with `--features cuda`, or use host, ndarray or auto".to_owned())
}

/// Looks for the driver, the run-time compiler, the toolkit's headers and a card, in that order, without a panic.
#[cfg(feature = "cuda")]
fn cuda() -> Result<(), String> {
    use cudarc::{driver, nvrtc};
    use std::path::Path;

    // SAFETY: these only try to open the shared libraries.
    if !unsafe { driver::sys::is_culib_present() } {
        return Err("no NVIDIA driver (libcuda) was found on this machine".to_owned());
    }
    // SAFETY: as above.
    if !unsafe { nvrtc::sys::is_culib_present() } {
        return Err("the CUDA run-time compiler (libnvrtc) was not found; install the CUDA toolkit".to_owned());
    }
    let toolkit = std::env::var_os("CUDA_PATH").is_some() || Path::new("/usr/local/cuda").exists();
    if !toolkit {
        return Err("no CUDA toolkit was found; set CUDA_PATH to its folder".to_owned());
    }
    driver::result::init().map_err(|error| format!("the NVIDIA driver does not start: {error}"))?;
    match driver::result::device::get_count() {
        Ok(count) if count > 0 => Ok(()),
        Ok(_) => Err("the NVIDIA driver reports no card".to_owned()),
        Err(error) => Err(format!("the NVIDIA driver does not count its cards: {error}")),
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
}
