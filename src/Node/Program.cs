using P2PMiner.Node.Cli;

using var interrupt = new Interrupt(TimeProvider.System, Environment.Exit);
return await CommandTree.RunAsync(args, CliServices.OfProcess(), interrupt.Token);
