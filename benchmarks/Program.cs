using Microsoft.ML.Diffusion.Benchmarks;
Worker.Answer(args[1], args[2]);
