//! Products on the card outside its tensor cores.
//!
//! burn's own choice among kernels takes those of the tensor cores where they are faster, and these round the factors of f32
//! to tf32, 10 bits: enough to part the losses of three epochs from the host's by more than 1e-3.

use burn::tensor::{DType, Shape, Tensor, TensorPrimitive};
use burn_cubecl::CubeTuneId;
use burn_cubecl::cubecl::cuda::CudaRuntime;
use burn_cubecl::tensor::CubeTensor;
use burn_cuda::Cuda;
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{FusionHandle, FusionRuntime};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, OperationOutput, TensorIr};
use cubecl::tune::{LocalTuner, Tunable, TunableSet, local_tuner};
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::{MatmulAutotuneKey, Strategy, launch_ref};
use cubek::matmul::routines::double_unit::DoubleUnitSelectionArgs;
use cubek::matmul::routines::simple_unit::SimpleUnitSelectionArgs;
use cubek::matmul::routines::{BlueprintStrategy, TileSizeSelection};
use cubek::std::InputBinding;

use super::noise::Plain;
use crate::stacked::products::Products;

/// A tensor that is there.
type Present = CubeTensor<CudaRuntime>;
/// Both factors and the product.
type Factors = (Present, Present, Present);

impl Products for Cuda {
    fn product(a: Tensor<Self, 3>, b: Tensor<Self, 3>) -> Tensor<Self, 3> {
        let ([machines, rows, _], [.., columns]) = (a.dims(), b.dims());
        let (a, b) = (a.into_primitive().tensor(), b.into_primitive().tensor());
        let client = a.client.clone();
        let streams = OperationStreams::with_inputs([&a, &b]);
        let shape = Shape::new([machines, rows, columns]);
        let out = TensorIr::uninit(client.create_empty_handle(), shape, DType::F32);
        let described = CustomOpIr::new("product", &[a.into_ir(), b.into_ir()], &[out]);
        let out = client.register(streams, OperationIr::Custom(described.clone()), Product(described)).output();
        Tensor::from_primitive(TensorPrimitive::Float(out))
    }
}

/// A product in the queue of operations.
#[derive(Debug)]
struct Product(CustomOpIr);

impl<R: FusionRuntime<FusionHandle = FusionHandle<<Plain as burn_fusion::FusionBackend>::FusionRuntime>>> Operation<R>
    for Product
{
    fn execute(&self, handles: &mut HandleContainer<R::FusionHandle>) {
        let ([a, b], [out]) = self.0.as_fixed();
        let (a, b) = (handles.get_float_tensor::<Plain>(a), handles.get_float_tensor::<Plain>(b));
        handles.register_float_tensor::<Plain>(&out.id, multiplied(a, b, out.shape.clone()));
    }
}

/// a b by the kernel that was the fastest for such matrices when they were first met.
fn multiplied(a: Present, b: Present, shape: Shape) -> Present {
    static TUNER: LocalTuner<MatmulAutotuneKey, CubeTuneId> = local_tuner!();

    let (client, id) = (a.client.clone(), CubeTuneId::new(&a.client, &a.device));
    let bytes = 4 * shape.num_elements();
    let out = CubeTensor::new_contiguous(client.clone(), a.device.clone(), shape, client.empty(bytes), DType::F32);
    let kernels = TUNER.init(|| {
        let set =
            TunableSet::new(key, |_: &MatmulAutotuneKey, (a, b, out): &Factors| (a.clone(), b.clone(), out.copy()));
        // The first one works for all matrices.
        strategies().into_iter().fold(set, |set, strategy| {
            set.with(Tunable::new(&strategy.to_string(), move |factors| launch(&strategy, factors)))
        })
    });
    TUNER.execute(&id, &client, kernels, (a, b, out.clone()));
    out
}

/// The kernels that compute in f32 throughout.
fn strategies() -> Vec<Strategy> {
    let sizes = [TileSizeSelection::MaxTileSize, TileSizeSelection::MinTileSize];
    let units = sizes.into_iter().flat_map(|tile_size| {
        [
            Strategy::SimpleUnit(BlueprintStrategy::Inferred(SimpleUnitSelectionArgs { tile_size })),
            Strategy::DoubleUnit(BlueprintStrategy::Inferred(DoubleUnitSelectionArgs { tile_size })),
        ]
    });
    std::iter::once(Strategy::Naive).chain(units).collect()
}

fn launch(strategy: &Strategy, (a, b, out): Factors) -> Result<(), String> {
    let f32 = DType::F32;
    let globals = MatmulGlobalElems { lhs: f32.into(), rhs: f32.into(), out: f32.into() };
    let mut elements = MatmulElems::from_globals(&globals);
    let client = out.client.clone();
    let [a, b] = [a, b].map(|factor| InputBinding::new(factor.binding(), f32.into()));
    launch_ref(strategy, &client, a, b, out.binding(), &mut elements).map_err(|error| format!("{error:?}"))
}

/// What kernels are chosen by.
fn key((a, b, out): &Factors) -> MatmulAutotuneKey {
    MatmulAutotuneKey::generate(
        &a.client,
        a.meta.shape(),
        b.meta.shape(),
        a.meta.strides(),
        b.meta.strides(),
        a.dtype.into(),
        b.dtype.into(),
        out.dtype.into(),
        None,
        None,
    )
}
