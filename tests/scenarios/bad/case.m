mpc.version = 1;
