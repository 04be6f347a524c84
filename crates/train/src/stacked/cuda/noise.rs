//! The noise of a stack, drawn on the card.

use burn::tensor::{DType, Shape, Tensor, TensorPrimitive};
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::cuda::CudaRuntime;
use burn_cubecl::tensor::CubeTensor;
use burn_cuda::{Cuda, CudaDevice};
use burn_fusion::stream::OperationStreams;
use burn_fusion::{NoOp, get_client};
use burn_ir::{BackendIr, InitOperationIr, OperationIr, OperationOutput};
use cubecl::prelude::*;
use cubecl::server::Handle;
use schedule::{Stream, Timestep};

use super::kernel::{BLOCK, normals};
use crate::Job;
use crate::stacked::noise::{Noise, Walk};

/// What burn's fusion of operations works on.
pub(super) type Plain = CubeBackend<CudaRuntime, f32, i32, u8>;

/// What launches kernels on the card.
type Client = ComputeClient<CudaRuntime>;

/// Threads of a cube.
const THREADS: u32 = 128;

/// Noise drawn where it is used, from the keys of the host's streams.
pub(super) struct CardNoise {
    seed: u64,
    /// r.
    inputs: usize,
    device: CudaDevice,
}

impl CardNoise {
    pub(super) fn new(job: &Job<'_>, device: &CudaDevice) -> Self {
        Self { seed: job.settings.seed, inputs: job.set.inputs, device: device.clone() }
    }

    /// Normals `[K, rows, r]` of the K streams with these keys, `[K, 8]` on the card, from sample `first` on.
    fn draw(
        &self,
        client: &Client,
        (keys, machines): (Handle, usize),
        (first, rows): (usize, usize),
    ) -> Tensor<Cuda, 3> {
        let (begin, len) = (first * self.inputs, rows * self.inputs);
        let blocks = (begin % BLOCK + len).div_ceil(BLOCK);
        let out = client.empty(4 * machines * len);
        let cubes = (machines * blocks).div_ceil(THREADS as usize);
        // SAFETY: both arrays have the lengths that they are said to have, and the kernel writes only positions below
        // `len` of machines below K.
        unsafe {
            normals::launch_unchecked::<CudaRuntime>(
                client,
                CubeCount::Static(cubes as u32, 1, 1),
                CubeDim::new_1d(THREADS),
                ArrayArg::from_raw_parts(keys, 8 * machines),
                ArrayArg::from_raw_parts(out.clone(), machines * len),
                blocks as u32,
                len as u32,
                (begin / BLOCK) as u32,
                (begin % BLOCK) as u32,
            );
        }
        let shape = Shape::new([machines, rows, self.inputs]);
        fused(CubeTensor::new_contiguous(client.clone(), self.device.clone(), shape, out, DType::F32), &self.device)
    }
}

impl Noise<Cuda> for CardNoise {
    fn walk<'a>(&'a self, walk: Walk, timesteps: &[Timestep]) -> Box<dyn Iterator<Item = Tensor<Cuda, 3>> + 'a> {
        let key = |t: &Timestep| {
            let (purpose, first, second) = walk.split.noise_key(t.get() as u64, walk.epoch as u64);
            Stream::key(self.seed, purpose, first, second)
        };
        let client = CudaRuntime::client(&self.device);
        let machines = timesteps.len();
        let keys: Vec<u32> = timesteps.iter().flat_map(key).collect();
        let keys = client.create_from_slice(u32::as_bytes(&keys));
        Box::new(walk.blocks().map(move |block| self.draw(&client, (keys.clone(), machines), block)))
    }
}

/// A tensor that is there as one that operations on it can be fused with, as burn does with what comes from the host.
fn fused(tensor: CubeTensor<CudaRuntime>, device: &CudaDevice) -> Tensor<Cuda, 3> {
    let client = get_client::<Plain>(device);
    let shape = tensor.meta.shape().clone();
    let handle = Plain::float_tensor_handle(tensor);
    let init = InitOperationIr::create(shape, DType::F32, || client.register_tensor_handle(handle));
    let there = client.register(OperationStreams::default(), OperationIr::Init(init), NoOp::<Plain>::new()).output();
    Tensor::from_primitive(TensorPrimitive::Float(there))
}
