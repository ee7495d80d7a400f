//! What a pass through a network costs: work and memory, from the architecture alone.

use super::{BlockKind, ResNetConfig};

/// A convolution with batch normalisation at work on one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionCost {
    /// Shape [H, W, C] of its input.
    pub input: [usize; 3],
    /// Shape [H, W, C] of its output.
    pub output: [usize; 3],
    /// Weights of the convolution.
    pub weights: usize,
    /// Whether a ReLU follows (of a block's shortcut none does).
    pub rectified: bool,
}

impl ConvolutionCost {
    /// Floating-point operations of the convolution, two a multiply-add.
    pub fn flops(&self) -> u64 {
        let [height, width, _] = self.output;
        2 * (height * width) as u64 * self.weights as u64
    }
}

/// All of a network on one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkCost {
    /// The convolutions, in the order in which they are computed.
    pub convolutions: Vec<ConvolutionCost>,
    /// Shape [H, W, C] of the output of each layer, numbered as in [`Taps`](super::Taps).
    pub layers: Vec<[usize; 3]>,
    /// Whether layer 1 is the stem's output after a maximum pool.
    pub pooled: bool,
    /// Weights and biases of the last layer.
    pub classifier: usize,
}

impl NetworkCost {
    /// Floating-point operations of a forward pass: convolutions and the last layer, two a multiply-add.
    pub fn flops(&self) -> u64 {
        let convolutions: u64 = self.convolutions.iter().map(ConvolutionCost::flops).sum();
        convolutions + 2 * self.classifier as u64
    }

    /// Numbers that are learned.
    pub fn parameters(&self) -> usize {
        let convolution = |c: &ConvolutionCost| c.weights + 2 * c.output[2];
        self.convolutions.iter().map(convolution).sum::<usize>() + self.classifier
    }

    /// Running statistics.
    pub fn buffers(&self) -> usize {
        self.convolutions.iter().map(|c| 2 * c.output[2]).sum()
    }
}

impl ResNetConfig {
    /// The cost of a pass over one image of `side`×`side` pixels.
    pub fn cost(&self, side: usize) -> NetworkCost {
        let mut convolutions = Vec::new();
        let mut add = |[h, w, c]: [usize; 3], width: usize, kernel: usize, stride: usize, rectified: bool| {
            // The padding of every convolution is half its window.
            let output = [h.div_ceil(stride), w.div_ceil(stride), width];
            convolutions.push(ConvolutionCost {
                input: [h, w, c],
                output,
                weights: width * kernel * kernel * c,
                rectified,
            });
            output
        };
        let stem = self.stem;
        let input = [side, side, stem.channels];
        let mut at = add(input, stem.width, stem.kernel, stem.stride, true);
        if stem.max_pool {
            at = [at[0].div_ceil(2), at[1].div_ceil(2), at[2]];
        }
        let mut layers = vec![input, at];
        for (stage, (&width, &blocks)) in self.widths.iter().zip(&self.blocks).enumerate() {
            for block in 0..blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let output = width * self.block.expansion();
                if stride != 1 || at[2] != output {
                    add(at, output, 1, stride, false);
                }
                at = match self.block {
                    BlockKind::Basic => {
                        let inner = add(at, width, 3, stride, true);
                        add(inner, output, 3, 1, true)
                    }
                    BlockKind::Bottleneck => {
                        let inner = add(at, width, 1, 1, true);
                        let inner = add(inner, width, 3, stride, true);
                        add(inner, output, 1, 1, true)
                    }
                };
                layers.push(at);
            }
        }
        layers.push([1, 1, at[2]]);
        layers.push([1, 1, self.classes]);
        NetworkCost {
            convolutions,
            layers,
            pooled: stem.max_pool,
            classifier: (at[2] + 1) * self.classes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Result;
    use crate::models::ResNet;
    use crate::nn::{Init, Module, SlotKind};

    #[test]
    fn resnet152_has_its_published_size() -> Result<()> {
        let cost = ResNetConfig::torchvision(152, 3, 1000)?.cost(224);
        assert_eq!(cost.parameters(), 60_192_808);
        // torchvision: 11.51 GFLOPS, one a multiply-add.
        assert!(
            (cost.flops() as f64 / 2e9 - 11.51).abs() < 0.02,
            "{}",
            cost.flops()
        );
        assert_eq!(cost.layers[20], [14, 14, 1024]);
        assert_eq!(cost.layers[50], [7, 7, 2048]);
        Ok(())
    }

    #[test]
    fn a_network_has_what_its_cost_says() -> Result<()> {
        let mut deep = ResNetConfig::cifar(2, 12, 10);
        deep.block = BlockKind::Bottleneck;
        deep.stem.max_pool = true;
        for (config, side) in [(ResNetConfig::pocket(12, 12), 32), (deep, 31)] {
            let cost = config.cost(side);
            let mut net = ResNet::<f32>::new(config, &mut Init::new(0))?;
            let (mut parameters, mut buffers) = (0, 0);
            net.visit("", &mut |slot| {
                match slot.kind {
                    SlotKind::Parameter => parameters += slot.parameter.value.len(),
                    SlotKind::Buffer => buffers += slot.parameter.value.len(),
                }
                Ok(())
            })?;
            assert_eq!((cost.parameters(), cost.buffers()), (parameters, buffers));
            let layers: Vec<usize> = (0..cost.layers.len()).collect();
            let shapes = net.layer_shapes(side, side, &layers)?;
            assert_eq!(cost.layers, shapes);
        }
        Ok(())
    }
}
